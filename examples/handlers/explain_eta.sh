#!/usr/bin/env bash
# `explain`: how much of each number's variance lies between the predicted classes (eta squared), in awk.
# jackfield apply explain.json && jackfield handle explain --name eta -- bash explain_eta.sh
set -euo pipefail
awk -F, '
  FNR == 1 { file += 1 }
  file == 1 { if (FNR > 1) said[$1] = $2; next }
  FNR == 1 { columns = NF; for (i = 2; i <= NF; i += 1) name[i] = $i; next }
  {
    class = said[$1]; n += 1; of[class] += 1
    for (i = 2; i <= columns; i += 1) {
      if ($i !~ /^-?[0-9.]+$/) { text[i] = 1; continue }
      sum[i] += $i; squares[i] += $i * $i; part[i, class] += $i
    }
  }
  END {
    printf "{\"importance\":{"
    for (i = 2; i <= columns; i += 1) {
      if (i in text) continue
      between = -sum[i] * sum[i] / n
      for (class in of) between += part[i, class] * part[i, class] / of[class]
      total = squares[i] - sum[i] * sum[i] / n
      printf "%s\"%s\":%.4f", (count++ ? "," : ""), name[i], (total > 0 && between > 0 ? between / total : 0)
    }
    print "}}"
  }' "$JACKFIELD_IN_PREDICTIONS_CSV" "$JACKFIELD_IN_ROWS_CSV" > "$JACKFIELD_OUT/output.json"
