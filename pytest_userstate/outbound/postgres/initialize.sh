# Makes a data directory and packs it, as the account that will run the server.
#
#   sh initialize.sh BIN WORK ARCHIVES [INITDB-OPTION...]
#
# WORK is for the files while they are made: a thousand small ones, which take long
# on some disks. What is kept are two files in ARCHIVES: all that an audit needs, and
# the other databases. The configuration files come in the environment: CONF, HBA
# and IDENT; so does SQL, which makes the audited database: a pipe of ours could be
# held open by a process that was forked off ours meanwhile.
set -eu
umask 077
bin=$1 data=$2/data others=$2/others archives=$3
shift 3

"$bin/initdb" --pgdata="$data" "$@"
printf %s "$CONF" >"$data/postgresql.conf"
printf %s "$HBA" >"$data/pg_hba.conf"
printf %s "$IDENT" >"$data/pg_ident.conf"

set -- "$data"/base/* # template0, template1 and postgres
printf %s "$SQL" | "$bin/postgres" --single -j -F -D "$data" template1
mkdir "$others" "$others/base"
mv "$@" "$others/base"

tar -cf "$archives/others.tar" -C "$others" base &
tar -cf "$archives/audited.tar" -C "$data" .
wait "$!"
rm -rf "$data" "$others"
