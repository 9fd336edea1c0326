# Makes a data directory in three parts, as the account that will run the server.
#
#   sh initialize.sh BIN DATA AUDITED OTHERS [INITDB-OPTION...] <SQL
#
# The configuration files come in the environment: CONF, HBA and IDENT. SQL makes
# the audited database.
set -eu
umask 077
bin=$1 data=$2 audited=$3 others=$4
shift 4

"$bin/initdb" --pgdata="$data" "$@" </dev/null
printf %s "$CONF" >"$data/postgresql.conf"
printf %s "$HBA" >"$data/pg_hba.conf"
printf %s "$IDENT" >"$data/pg_ident.conf"

set -- "$data"/base/* # template0, template1 and postgres
"$bin/postgres" --single -j -F -D "$data" postgres
mkdir "$audited/base" "$others/base"
mv "$@" "$others/base"
mv "$data"/base/* "$audited/base"
