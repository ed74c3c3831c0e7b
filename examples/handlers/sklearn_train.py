"""scikit-learn behind `train`: a random forest on the numeric columns.

jackfield handle train --name forest -- python sklearn_train.py
"""

import joblib
from jackfield import task
from sklearn.ensemble import RandomForestClassifier

train, test, target = task.table("train"), task.table("test"), task.target
features = train.drop(columns=target).select_dtypes("number")
forest = RandomForestClassifier(task.params.get("trees", 100), min_samples_leaf=3, random_state=task.seed)
forest.fit(features, train[target])
task.progress(0.8, "fitted", trees=len(forest.estimators_))
joblib.dump(forest, task.out / "model.joblib")
task.predictions(test[features.columns], forest)
task.metrics(train=forest.score(features, train[target]))
