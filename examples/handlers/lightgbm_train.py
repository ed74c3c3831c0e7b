"""LightGBM behind `train`: boosted trees on the numeric columns, a line of progress every ten rounds.

jackfield handle train --name lightgbm -- python lightgbm_train.py
"""

from jackfield import task
from lightgbm import LGBMClassifier, log_evaluation
from lightgbm.callback import CallbackEnv

rounds = task.params.get("rounds", 60)
train, test, target = task.table("train"), task.table("test"), task.target
features = train.drop(columns=target).select_dtypes("number")


def tell(state: CallbackEnv) -> None:
    if (state.iteration + 1) % 10 == 0:
        (_, _, loss, *_), *_ = state.evaluation_result_list
        task.progress((state.iteration + 1) / rounds, "boosting", loss=loss, step=state.iteration + 1)


boosted = LGBMClassifier(
    n_estimators=rounds,
    learning_rate=0.05,
    num_leaves=8,
    random_state=task.seed,
    n_jobs=1,
    deterministic=True,
    verbose=-1,
)
boosted.fit(features, train[target], eval_set=[(features, train[target])], callbacks=[log_evaluation(0), tell])
boosted.booster_.save_model(task.out / "model.txt")
task.predictions(test[features.columns], boosted)
task.metrics(train=boosted.score(features, train[target]))
