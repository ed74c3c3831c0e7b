#!/usr/bin/env bash
# `test`: loads a server by a loop around curl: jackfield handle test --name curling -- bash test_curl.sh
set -euo pipefail
url=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$JACKFIELD_IN/task.json")
requests=$(sed -n 's/.*"requests": *\([0-9]*\).*/\1/p' "$JACKFIELD_IN/task.json")
requests=${requests:-10}
failures=$(for ((i = 0; i < requests; i += 1)); do printf '%s -o /dev/null\n' "$url"; done |
  xargs curl -s -w '%{http_code}\n' | grep -vc '^2' || true)
printf '{"tool":"curl","metrics":{"requests":%d,"failures":%d}}' "$requests" "$failures" > "$JACKFIELD_OUT/output.json"
[ "$failures" -eq 0 ] || exit 5
