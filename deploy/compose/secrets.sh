#!/bin/sh
# Makes every secret that docker-compose.yaml mounts, in a folder that only you may enter. What is there already stays.
#
#   sh deploy/compose/secrets.sh [FOLDER]        FOLDER: deploy/compose/secrets unless given
#
# The files themselves are readable to all, because each container reads them as a user of its own; the folder keeps others
# of this machine out.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

# write NAME: keeps standard input as the secret NAME unless there is one.
write() {
  if [ -s "$1" ]; then
    cat >/dev/null
  else
    cat >"$1.new"
    chmod 0444 "$1.new"
    mv "$1.new" "$1"
  fi
}
# 48 hex digits: safe in a URL and in YAML.
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in postgres_password crm_owner_password crm_reader_password state_password marquez_password \
  token_key web_token grafana_password; do
  random | write "$name"
done
printf 'postgresql://crm_owner:%s@postgres:5432/crm' "$(cat crm_owner_password)" | write crm_owner
printf 'postgresql://crm_reader:%s@postgres:5432/crm' "$(cat crm_reader_password)" | write source
printf 'postgresql://observer:%s@postgres:5432/observer' "$(cat state_password)" | write state
write marquez_config <<CONFIG
server:
  applicationConnectors: [{type: http, port: 5000, httpCompliance: RFC7230_LEGACY}]
  adminConnectors: [{type: http, port: 5001}]
db:
  driverClass: org.postgresql.Driver
  url: jdbc:postgresql://postgres:5432/marquez
  user: marquez
  password: $(cat marquez_password)
migrateOnStartup: true
graphql: {enabled: false}
search: {enabled: false}
logging: {level: INFO, appenders: [{type: console}]}
CONFIG
echo "secrets are in $(pwd); Grafana: user admin, password in grafana_password"
