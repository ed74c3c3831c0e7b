#!/usr/bin/env bash
# `evaluate` by accuracy, in awk with no code of ours: jackfield handle evaluate --name awkward -- bash evaluate_awk.sh
set -euo pipefail
condition=$(sed -n 's/.*"accuracy": *"\([^"]*\)".*/\1/p' "$JACKFIELD_IN/task.json" | head -1)
column() { head -1 "$1" | tr , '\n' | grep -n "^$2\$" | cut -d: -f1; }

awk -F, -v target="$(column "$JACKFIELD_IN_TRUTH_CSV" "$JACKFIELD_TARGET")" \
  -v prediction="$(column "$JACKFIELD_IN_PREDICTIONS_CSV" prediction)" \
  -v condition="$condition" -v out="$JACKFIELD_OUT" '
  FNR == 1 { file += 1; next }
  file == 1 { truth[$1] = $target; rows += 1; count[$target] += 1; next }
  !($1 in truth) || ($1 in said) { print "the row " $1 " is no test row, or is there twice" > "/dev/stderr"; exit 1 }
  { said[$1] = $prediction; told += 1; right += ($prediction == truth[$1]) }
  END {
    if (told != rows) { print (rows - told) " of " rows " test rows have no prediction" > "/dev/stderr"; exit 1 }
    for (name in count) if (count[name] > most) { most = count[name]; usual = name }
    accuracy = right / rows
    split(condition, part, " ")
    pass = condition == "" || (part[1] == ">=" && accuracy >= part[2]) || (part[1] == ">" && accuracy > part[2])
    print "__row_id,target,prediction" > (out "/results.csv")
    for (row in truth) print row "," truth[row] "," said[row] > (out "/results.csv")
    printf "{\"family\":\"classification\",\"rows\":%d,\"metrics\":{\"accuracy\":%.6f},", rows, accuracy > (out "/output.json")
    printf "\"baseline\":{\"metric\":\"accuracy\",\"value\":%.6f,\"answers\":[\"%s\"]},", most / rows, usual > (out "/output.json")
    if (condition != "")
      printf "\"gate\":[{\"metric\":\"accuracy\",\"condition\":\"%s\",\"value\":%.6f,\"pass\":%s}],", condition, accuracy, (pass ? "true" : "false") > (out "/output.json")
    printf "\"verdict\":\"%s\",\"results\":{\"file\":\"results.csv\"}}\n", (condition == "" ? "none" : pass ? "pass" : "fail") > (out "/output.json")
    printf "accuracy %.3f   gate %s\n", accuracy, condition > "/dev/stderr"
    exit pass ? 0 : 5
  }' "$JACKFIELD_IN_TRUTH_CSV" "$JACKFIELD_IN_PREDICTIONS_CSV"
