#!/usr/bin/env bash
# The most frequent class, behind the pull door: curl, jq, awk, sha256sum, and nothing of Jackfield.
#   JACKFIELD_URL=http://127.0.0.1:7733 JACKFIELD_PROJECT=weather bash majority.sh
set -euo pipefail
name=majority-sh me="$name-$$" url=$JACKFIELD_URL work=$(mktemp -d)
auth=(${JACKFIELD_TOKEN:+-H "Authorization: Bearer $JACKFIELD_TOKEN"})
ask() { curl -fsS --retry 10 --retry-delay 1 --retry-all-errors "${auth[@]}" "$@"; }

# Said every two seconds: here I am.
register() {
  jq -n --arg project "$JACKFIELD_PROJECT" --arg me "$me" --arg version "$(sha256sum "$0" | cut -c1-8)" \
    '{version: $version, project: $project, instance: $me, concurrency: 1, contracts: {train: {from: "1.0.0", to: "1.0.0"}}}' |
    ask --json @- "$url/v1/handlers/$name" >/dev/null
}
# Said every four seconds of work: may I go on? 410 is no.
beat() {
  while sleep 4; do
    said=$(curl -s -o /dev/null -w '%{http_code}' "${auth[@]}" --json "{\"token\":\"$token\"}" "$url/v1/tasks/$task/heartbeat")
    [ "$said" != 410 ] || kill "$working"
  done
}
fetch() { ask "$url/v1/artifacts/$(jq -r ".event.data.inputs.dataset.$1.digest" "$work/task")?format=csv&token=$token"; }
# Stores a file under its digest, and prints its descriptor.
store() {
  local digest="sha256:$(sha256sum "$1" | cut -c1-64)"
  ask -o /dev/null -T "$1" -H "Content-Type: $2" "$url/v1/artifacts/$digest?token=$token"
  jq -n --arg type "$2" --arg digest "$digest" --argjson size "$(wc -c <"$1")" --arg name "$(basename "$1")" \
    '{mediaType: $type, digest: $digest, size: $size, name: $name}'
}
train() {
  local target=$(jq -r .event.data.inputs.target "$work/task")
  fetch train | awk -F, -v target="$target" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == target) column = i; next }
    { count[$column]++ } END { for (class in count) print count[class], class }' |
    sort -k1,1nr -k2 | sed -n '1s/^[0-9]* //p' | tr -d '\n' >"$work/model"
  fetch test | awk -F, -v class="$(cat "$work/model")" \
    'NR == 1 { print "__row_id,prediction"; next } { print $1 "," class }' >"$work/predictions.csv"
  jq -n --arg token "$token" --argjson model "$(store "$work/model" text/plain)" \
    --argjson predictions "$(store "$work/predictions.csv" text/csv)" \
    '{token: $token, status: "succeeded", outputs: {model: $model, predictions: $predictions}}'
}

register
(while sleep 2; do register || true; done) & heard=$!
trap 'kill $heard ${beating:-}; rm -r "$work"' EXIT
trap exit TERM INT
while : >"$work/task" && ask "$url/v1/handlers/$name/next?instance=$me&wait=5s" -o "$work/task"; do
  [ -s "$work/task" ] || continue
  token=$(jq -r .token "$work/task") task=$(jq -r '.task | @uri' "$work/task")
  train >"$work/answer" & working=$!
  beat & beating=$!
  wait $working || echo "{\"token\":\"$token\",\"status\":\"errored\",\"message\":\"it failed\"}" >"$work/answer"
  ask --json "@$work/answer" "$url/v1/tasks/$task/finished" >/dev/null || true
  kill $beating
done
