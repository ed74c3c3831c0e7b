"""Says that the data changed, once a day, and waits for the verdict. The connection is two Airflow variables."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="model",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
):
    BashOperator(
        task_id="data_changed",
        execution_timeout=pendulum.duration(hours=1),
        append_env=True,
        env={
            "JACKFIELD_URL": "{{ var.value.jackfield_url }}",
            "JACKFIELD_TOKEN": "{{ var.value.jackfield_token }}",
            "ID": "airflow-{{ dag.dag_id }}-{{ ts_nodash }}-{{ ti.try_number }}",
        },
        bash_command="""
            jackfield emit data.changed --project weather --id "$ID" --timeout 45m
        """,
    )
