"""The jobs that need exact sums and shortest printing, by Python's math.fsum, fractions and repr."""
import csv
import datetime
import io
import math
import struct
import sys
from fractions import Fraction


def text(value):
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    shown = repr(value)
    return shown[:-2] if shown.endswith(".0") else shown


def total(values):
    if any(math.isnan(v) for v in values) or (math.inf in values and -math.inf in values):
        return math.nan
    if math.inf in values or -math.inf in values:
        return math.inf if math.inf in values else -math.inf
    exact = sum(map(Fraction, values), Fraction(0))
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def order(value):
    return (math.isnan(value), 0.0 if math.isnan(value) else value, math.copysign(1, value))


def least(values, chosen=min):
    return chosen(values, key=order) if values else None


def mean(values):
    return total(values) / len(values) if values else None


def records(path, delimiter, header):
    data = open(path, "rb").read().decode("latin-1")
    lines = [line[:-1] if line.endswith("\r") else line for line in data.split("\n")]
    rows = [next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)) for line in lines if line]
    if not header:
        return rows
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def write(rows):
    for row in rows:
        sys.stdout.buffer.write(row.encode("latin-1") + b"\n")


def stations(path):
    groups = {}
    for name, value in records(path, ";", False):
        groups.setdefault(name, []).extend([float(value)] if value else [])
    write("\t".join([name, text(least(v)), text(mean(v)), text(least(v, max))]) for name, v in sorted(groups.items()))


def groupby(path):
    groups = {}
    for row in records(path, ",", True):
        groups.setdefault((row["user"], row["note"]), []).append(row)
    write(["user,note,count,mean_units,max_amount,sum_weight,min_weight"])
    quoted = lambda field: '"' + field.replace('"', '""') + '"' if set(field) & set('",\r\n') else field
    for (user, note), rows in sorted(groups.items()):
        units, amounts, weights = ([float(row[c]) for row in rows if row[c]] for c in ("units", "amount", "weight"))
        write([",".join([quoted(user), quoted(note), str(len(rows)), text(mean(units)), text(least(amounts, max)),
                         text(total(weights)), text(least(weights))])])


def numbers(_path):
    mask = (1 << 64) - 1
    for n in range(20000):
        x = (7 * 0xd1342543de82ef95 + (n + 1) * 0x9e3779b97f4a7c15) & mask
        x = ((x ^ x >> 30) * 0xbf58476d1ce4e5b9) & mask
        x = ((x ^ x >> 27) * 0x94d049bb133111eb) & mask
        bits = (x ^ x >> 31) & (0xfff0000000000000 if n % 16 == 0 else mask)
        wide, single = struct.unpack("<d", struct.pack("<Q", bits))[0], struct.unpack("<f", struct.pack("<I", bits >> 32))[0]
        write(["\t".join([str(n), text(wide), text(single)])])


def when(field):
    day, sep, clock = field[:10], field[10:11], field[11:]
    zone = datetime.timedelta(0)
    for sign in "+-":
        if sign in clock:
            clock, offset = clock.split(sign)
            zone = datetime.timedelta(hours=int(offset[:2]), minutes=int(offset[3:])) * (1 if sign == "+" else -1)
    clock, _, fraction = clock.rstrip("Z").partition(".")
    moment = datetime.datetime.fromisoformat(day + "T" + clock if sep else day)
    return moment + datetime.timedelta(microseconds=int((fraction + "000000")[:6])) - zone


def shown_time(moment):
    if moment is None:
        return ""
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def decimal(units):
    return "" if units is None else f"{'-' if units < 0 else ''}{abs(units) // 100}.{abs(units) % 100:02d}"


def money(path):
    groups = {}
    for row in records(path, ",", True):
        score = float(row["score"]) + 0.0 if row["score"] else None
        key = (int(row["code"]), "" if score is None else text(score))
        groups.setdefault((-key[0], (0,) if score is None else (1, order(score)), key), []).append(row)
    for (_, _, key), rows in sorted(groups.items()):
        amounts = [int(row["amount"].replace(".", "")) for row in rows if row["amount"]]
        times = [when(row["time"]) for row in rows if row["time"]]
        units = [int(row["units"]) for row in rows if row["units"]]
        weights = [struct.unpack("<f", struct.pack("<f", float(row["weight"])))[0] for row in rows if row["weight"]]
        write(["\t".join([
            str(key[0]), key[1], str(len(rows)), str(len(amounts)), decimal(sum(amounts)),
            text(float(Fraction(sum(amounts), 100)) / len(amounts) if amounts else None), decimal(min(amounts, default=None)),
            shown_time(min(times, default=None)), shown_time(max(times, default=None)),
            str(sum(units)), text(float(sum(units)) / len(units) if units else None), text(max(units, default=None)),
            text(total(weights) if weights else 0.0), text(mean(weights)), text(least(weights)), text(least(weights, max))])])


globals()[sys.argv[1]](sys.argv[2])
