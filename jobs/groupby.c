// groupby: counts, sums, means and extremes of columns, for each combination of other columns; what SQL calls GROUP BY.
//
// A schema that depends on parameters: RAC_JOB declares what it is asked for. rac_read refuses a column that is not there.
#include <racimo.h>

enum { COLUMNS = 64, NAME = 120 };
typedef struct { char name [COLUMNS] [NAME]; uint32_t count; } names;

// Copies the next part of a list up to `end` and returns what follows it, or NULL if the part is empty or too long.
static const char *next_part (const char *list, const char *end, char part [NAME])
{
    size_t size = strcspn (list, end);
    if (size == 0 || size >= NAME)
        return NULL;
    memcpy (part, list, size);
    part [size] = 0;
    return list + size + (list [size] != 0);
}

static int holds (const names *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (!strcmp (self->name [i], name))
            return 1;
    return 0;
}

// A column by its name in the header if it has one there, so that "3" and "delay" are the same. Returns its place, from 1, or 0.
static uint32_t resolve (rac_plan *plan, char name [NAME])
{
    uint32_t columns = plan->input_columns (plan, 0), asked = (uint32_t) strtoul (name, NULL, 10);
    int named = columns && plan->input_name (plan, 0, 0);
    for (uint32_t i = 0; named && i < columns; i++)
        if (!strcmp (plan->input_name (plan, 0, i), name))
            return i + 1;
    if (named && asked >= 1 && asked <= columns && strlen (plan->input_name (plan, 0, asked - 1)) < NAME)
        strcpy (name, plan->input_name (plan, 0, asked - 1));
    if (columns && !named && !asked)
        rac_refuse (plan, "the input has no header: give columns by number, as in --by 1 --agg mean:2");
    return asked;
}

static rac_status declare_keys (rac_plan *plan, const char *list, names *keys)
{
    while (*list) {
        char *name = keys->name [keys->count++];
        if (keys->count == COLUMNS || !(list = next_part (list, ",", name)))
            return rac_refuse (plan, "--by: at most 63 columns, with commas between them");
        resolve (plan, name);
        rac_read (plan, name, RAC_BYTES);
    }
    for (uint32_t i = 0; i < keys->count; i++)
        rac_key (plan, keys->name [i], RAC_BYTES);
    return RAC_OK;
}

static rac_status declare_fold (rac_plan *plan, const char *part, const names *keys, names *values)
{
    static const char *const kinds [] = { "", "count", "sum", "min", "max", "mean" };
    char kind [NAME], column [NAME], result [2 * NAME];
    uint32_t fold = 1;
    const char *of = next_part (part, ":", kind);
    while (fold <= RAC_MEAN && of && strcmp (kind, kinds [fold]))
        fold++;
    if (!of || fold > RAC_MEAN || (!*of && fold != RAC_COUNT))
        return rac_refuse (plan, "--agg: each is count, or count, sum, min, max or mean with :COLUMN, as in count,mean:delay");
    if (!*of)
        return rac_fold (plan, "count", RAC_COUNT, NULL), RAC_OK;
    uint32_t number = resolve (plan, strcpy (column, of));
    snprintf (result, sizeof result, "%s_%s", kind, column);
    rac_type type = fold == RAC_COUNT ? RAC_BYTES : RAC_F64;
    if (type == RAC_BYTES || holds (keys, column))      // read as another type too: under its place, written as "003" or "03"
        snprintf (column, sizeof column, "%s%u", type == RAC_BYTES ? "00" : "0", number ? number : 1);
    if (!holds (values, column)) {
        strcpy (values->name [values->count++], column);
        rac_read (plan, column, type);
        rac_value (plan, column, type);
    }
    rac_fold (plan, result, (rac_fold_kind) fold, column);
    return RAC_OK;
}

RAC_JOB (plan)
{
    const char *by = rac_param (plan, "by", "", "columns to group by, by name or number: origin,destination");
    const char *list = rac_param (plan, "agg", "count", "what to compute of each group: count,mean:delay,max:3");
    names keys = { { "" }, 0 }, values = keys; char part [NAME];
    rac_about (plan, "Counts, sums, means and extremes of columns for each group of rows");
    rac_input (plan, RAC_CSV, NULL, 0);
    if (!*by || !*list)
        return rac_refuse (plan, "give --by COLUMN,... to group by, and --agg FOLD,...");
    declare_keys (plan, by, &keys);
    while (*list) {
        if (values.count == COLUMNS - 1 || !(list = next_part (list, ",", part)))
            return rac_refuse (plan, "--agg: at most 63 columns, with commas between them");
        declare_fold (plan, part, &keys, &values);
    }
    return RAC_OK;
}
