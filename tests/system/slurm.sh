#!/bin/bash
# The packaged batch script under a real Slurm: slurmctld on the head, a slurmd on each of three nodes (see net.sh).
# shellcheck disable=SC1091,SC2154  # common.sh and net.sh set work, net, code, ...
. "$SRC/tests/system/net.sh"
PATH=$PATH:/usr/sbin:/sbin
for tool in slurmctld slurmd sbatch srun; do
    command -v "$tool" > /dev/null || net_skip "no $tool here (Debian: apt install slurm-wlm)"
done
[ "$(id -u)" = 0 ] || net_skip "slurmd runs as root only"
net_enter "$@"
. "$SRC/tests/system/common.sh"

net_up shared pi1 pi2 pi3
shared=$net/shared                                      # /srv/data of all
mkdir "$shared/slurm"
cp "$SRC/data/opticks.txt" "$SRC"/tests/system/jobs/{gate.c,stand.h} "$shared"
cat > "$shared/slurm.conf" << END
ClusterName=test
SlurmctldHost=head
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SlurmUser=root
SlurmdUser=root
StateSaveLocation=/srv/data/slurm
SlurmdSpoolDir=/var/lib/slurmd
SlurmctldPidFile=/tmp/slurmctld.pid
SlurmdPidFile=/tmp/slurmd.pid
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
NodeName=pi[1-3] CPUs=4 RealMemory=500 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
slurm () { net_run head env SLURM_CONF=/srv/data/slurm.conf "$@"; }
net_start head ctld env SLURM_CONF=/srv/data/slurm.conf slurmctld -D
for node in pi1 pi2 pi3; do
    net_start "$node" slurmd env SLURM_CONF=/srv/data/slurm.conf slurmd -D -N "$node"
done
all_idle () { [ "$(slurm sinfo -h -o '%D %t' 2> /dev/null)" = '3 idle' ]; }
net_await 60 all_idle || { fail "slurm does not start: $(tail -qn 3 "$net"/*/ctld.log "$net"/*/slurmd.log)"; exit; }

# submit WORD... : of sbatch and, behind --, of racimo run.
submit () {
    rm -f "$shared"/std*
    slurm timeout 120 sbatch --output /srv/data/stdout --error /srv/data/stderr --nodes 3 --cpus-per-task 1 \
        --export "ALL,RACIMO=$RACIMO,RACIMO_TEST_MARK=$mark" "$@" > "$work/submitted" 2>&1
    code=$?
    cp "$shared/stderr" "$work/stderr" 2> /dev/null
}
clean () {                                              # NAME
    local left
    left=$(left_over)$(find "$net"/*/tmp "$shared" -name '*racimo-*' | head -3)
    if [ -z "$left" ]; then pass "$1: nothing is left"; else fail "$1: leaves $left"; fi
}
script=$SRC/packaging/slurm/racimo.sbatch

submit --wait "$script" wordcount /srv/data/opticks.txt -o /srv/data/out
if [ "$code" -eq 0 ] && cat "$shared"/out/part-* | cmp -s - "$SRC/data/expected/opticks.wordcount.tsv"; then
    pass 'sbatch runs a job'
else
    fail "sbatch runs a job: $code: $(tail -qn 2 "$work/submitted" "$work/stderr")"
fi
holds 'on three nodes' grep -q '3 of 3 hosts have joined' "$work/stderr"
clean 'sbatch'
submit --wait "$script" wordcount /srv/data/nothing -o /srv/data/out2
if [ "$code" -eq 2 ]; then pass "the job's exit status is the batch's"; else fail "the job's exit status: $code $(tail -1 "$work/stderr")"; fi

# A job that stands still until it is cancelled.
mkfifo "$shared/started" "$shared/go"
submit --parsable "$script" /srv/data/gate.c --started /srv/data/started --go /srv/data/go /srv/data/opticks.txt -o /srv/data/out3
if timeout 60 head -1 "$shared/started" > "$work/started"; then
    slurm scancel "$(cat "$work/submitted")"
    over () { [ -z "$(slurm squeue -h 2> /dev/null)" ]; }
    holds 'scancel ends it' net_await 60 over
    clean 'scancel'
else
    fail "the job to be cancelled does not begin: $(tail -qn 2 "$work/submitted" "$shared/stderr")"
fi
net_down
