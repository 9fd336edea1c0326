# Runs a disposable server until nobody wants it any more, then removes its traces.
#
#   sh supervise.sh RUN AUDITED OTHERS SERVER [ARGUMENT...] <PIPE >LOCK 2>LOG
#
# AUDITED and OTHERS (or '') are archives to unpack into RUN/data. The run that wants
# the server holds the other end of PIPE: the kernel closes it when that run
# ends, in whatever way. LOCK, which that run shares, says to others that RUN is in
# use; the server must not hold it.
set -u
umask 077
cd /
exec 3<&0 4>&1 </dev/null >&2
run=$1 audited=$2 others=$3
shift 3

server='' watcher='' unwanted=''
stop() {
    # Before it has its lock file, it may not heed QUIT yet, or be this shell still,
    # just forked, whose traps swallow signals; and KILL has nothing to leave behind.
    how=KILL
    [ ! -e "$run/data/postmaster.pid" ] || how=QUIT
    [ -z "$server" ] || kill -"$how" "$server" || :
} 2>/dev/null
clean() {
    # KILL: a watcher that was forked just now still has our traps, and would go on.
    [ -z "$watcher" ] || kill -KILL "$watcher" || :
    wait
    # The file is there still: killed, the server could not remove this either.
    segment=$(sed -n '7s/^ *[0-9]* *//p' "$run/data/postmaster.pid")
    [ -z "$segment" ] || ipcrm -m "$segment" || :
    rm -rf "$run" || { sleep 1; rm -rf "$run"; } # a last process may still write
} 2>/dev/null
trap 'unwanted=yes; stop' TERM INT HUP
trap clean EXIT

mkdir "$run/data"
tar -xf "$audited" -C "$run/data" || exit
[ -z "$others" ] || tar -xf "$others" -C "$run/data" || exit
[ -z "$unwanted" ] || exit

"$@" 3<&- 4>&- &
server=$!
{
    read -r _ <&3 # nothing is ever written: this returns at the end of the pipe
    stop
} &
watcher=$!

wait "$server"
status=$?
while [ "$status" -gt 128 ] && kill -0 "$server" 2>/dev/null; do # a trap ran
    wait "$server"
    status=$?
done
server=''
exit "$status"
