"""`explain` by scikit-learn: how much each number tells about the predicted class.

jackfield apply explain.json && jackfield handle explain --name mutual -- python explain.py
"""

import numpy
from jackfield import task
from sklearn.feature_selection import mutual_info_classif

numbers = task.table("rows").select_dtypes("number")
predicted = task.table("predictions")["prediction"].loc[numbers.index]
information = mutual_info_classif(numbers, predicted, random_state=task.seed)
# Mutual information in nats → 0..1, as a squared correlation would say it (Linfoot 1957).
importance = 1 - numpy.exp(-2 * information)
task.output(importance=dict(zip(numbers.columns, map(float, importance))))
