"""`millrace run`: rows out, jobs that resume, rows that fail."""

import json
import subprocess

from conftest import DATA, PROGRAM


def test_a_select_without_tables_prints_its_row(millrace):
    rows = millrace.rows("SELECT 1 + 1 AS two, UPPER('abc') AS word;")
    assert rows == [{"two": 2, "word": "ABC"}]


def test_a_script_may_follow_a_command(millrace):
    (millrace.folder / "two.sql").write_text("SELECT 2 AS n;")
    done = subprocess.run([PROGRAM, "run", "-q", "-o", "csv", "-c", "SELECT 1 AS n", "two.sql"],
                          capture_output=True, text=True, check=True, cwd=millrace.folder)
    assert done.stdout.split() == ["n", "1", "n", "2"]


def test_a_table_without_connector_is_a_durable_topic(millrace):
    millrace.rows(
        "CREATE TABLE t (id BIGINT, price DECIMAL(10,2));"
        "INSERT INTO t VALUES (1, 1.50), (2, 2.25);",
        durable=True,
    )
    assert millrace.rows("SELECT * FROM t;", durable=True) == [
        {"id": 1, "price": 1.50},
        {"id": 2, "price": 2.25},
    ]
    consumed = subprocess.run(
        [PROGRAM, "consume", "t", "--data", str(millrace.data), "-f", "%o %v"],
        capture_output=True, text=True, check=True,
    )
    assert consumed.stdout == '0 {"id":1,"price":1.50}\n1 {"id":2,"price":2.25}\n'


def test_the_same_script_on_the_same_data_inserts_once(millrace):
    script = "CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (1); INSERT INTO t VALUES (1);"
    millrace.rows(script, durable=True)
    again = millrace.run(script, durable=True)
    assert again.stderr.count("complete") == 2
    assert len(millrace.rows("SELECT * FROM t;", durable=True)) == 2


def test_a_record_produced_by_hand_is_read_by_sql(millrace):
    millrace.rows(
        "CREATE TABLE t (id BIGINT, word STRING,"
        " ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL);",
        durable=True,
    )
    subprocess.run([PROGRAM, "produce", "t", "--data", str(millrace.data)],
                   input='{"id":7,"word":"x"}\n', text=True, check=True, capture_output=True)
    assert millrace.rows("SELECT id, word FROM t WHERE ts IS NOT NULL;", durable=True) == [
        {"id": 7, "word": "x"}
    ]


def test_a_bad_row_in_the_middle_is_named_and_the_job_goes_on(millrace):
    lines = [json.dumps({"id": n}) for n in range(1, 20_001)]
    lines[12_344] = '{"id": "twelve"}'
    (millrace.folder / "in.json").write_text("\n".join(lines) + "\n")
    table = """
      CREATE TABLE t (id BIGINT)
        WITH ('connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json');
      CREATE TABLE copy (id BIGINT);
    """
    done = millrace.run(table + "INSERT INTO copy SELECT id FROM t;", durable=True)
    assert done.returncode == 0 and "1 rejected (see sys.errors)" in done.stderr
    errors = millrace.rows("SELECT code, place, raw FROM sys.errors;", durable=True)
    assert errors == [{"code": "MR-3003", "place": "in.json:12345", "raw": '{"id": "twelve"}'}]
    assert len(millrace.rows("SELECT id FROM copy;", durable=True)) == 19_999


def test_what_is_rejected_does_not_depend_on_the_optimizer(millrace):
    """Nor how it is told: by table, place, and the columns that the statement reads."""
    numbers = "CREATE TABLE t (x BIGINT, s STRING);" \
        "INSERT INTO t VALUES (4, '4'), (5, 'five'), (6, '6'), (NULL, 'none'), (9, '0');"
    queries = [
        "SELECT x, 10 / (x - 5) AS y FROM t WHERE x <> 5;",
        "SELECT * FROM (SELECT x, 10 / (x - 5) AS y FROM t) WHERE x <> 5;",
        "SELECT y FROM (SELECT x, 10 / (x - 5) AS y FROM t);",
        "SELECT x FROM (SELECT x, 10 / (x - 5) AS y FROM t);",
        "SELECT x FROM t WHERE 10 / (x - 5) > 0;",
        "SELECT x FROM t WHERE x <> 5 AND CAST(s AS INT) > 0;",
        "SELECT x FROM t WHERE CAST(s AS INT) > 0 AND x <> 5;",
        "SELECT a.x FROM t AS a JOIN t AS b ON a.x = b.x WHERE 10 / CAST(b.s AS INT) > 1;",
        "SELECT COUNT(*) AS n, SUM(10 / (x - 5)) AS s FROM t WHERE x > 4;",
        "SELECT 1 / (x - 5) AS k, COUNT(*) AS n FROM t GROUP BY 1 / (x - 5);",
        "SELECT x, 1 / 0 AS never FROM t WHERE x > 100;",
        "SELECT n FROM (SELECT x AS n, UPPER(s) AS u FROM t) WHERE CAST(u AS INT) > 0;",
        "SELECT x FROM (SELECT * FROM t WHERE NULLIF(x, 6) > 0) WHERE CAST(s AS INT) > 0;",
        "SELECT a.x FROM t AS a JOIN t AS b ON a.x = b.x AND 10 / (a.x - 5) < b.x;",
        "SELECT x FROM (SELECT x, COUNT(*) - 1 AS c FROM t GROUP BY x) WHERE 10 / c > 1 AND x > 4;",
    ]
    for query in queries:
        told = []
        for optimizer in ("on", "off"):
            rows = millrace.rows(
                numbers + query + "SELECT code, reason, source, place, raw FROM sys.errors;",
                extra=("--set", f"optimizer={optimizer}"))
            told.append(sorted(map(str, rows)))
        assert told[0] == told[1], query


def test_rows_that_fail_later_are_rejected_whether_filters_move_or_not(millrace):
    for optimizer in ("on", "off"):
        done = millrace.run(
            "CREATE TABLE t (x BIGINT); INSERT INTO t VALUES (4), (5), (6);"
            "SELECT x, 10 / (x - 5) AS y FROM t WHERE x <> 5;"
            "SELECT * FROM (SELECT x, 10 / (x - 5) AS y FROM t) WHERE x <> 5;",
            extra=("--set", f"optimizer={optimizer}"),
        )
        assert done.returncode == 0, done.stderr
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert rows == [{"x": 4, "y": -10}, {"x": 6, "y": 10}] * 2


def test_output_formats_agree_on_the_rows(millrace):
    query = "SELECT id, word FROM (VALUES (1, 'a,b'), (2, NULL)) AS v(id, word);"
    assert millrace.run(query, output="csv").stdout == 'id,word\n1,"a,b"\n2,\n'
    document = json.loads(millrace.run(query, output="json").stdout)
    assert document["version"] == 1
    assert document["results"][0]["rows"] == [
        {"id": 1, "word": "a,b"}, {"id": 2, "word": None}
    ]
    assert millrace.run(query, output="markdown").stdout == (
        "| id | word |\n|----|------|\n|  1 | a,b  |\n|  2 |      |\n"
    )
    assert "(2 rows)" in millrace.run(query, output="table").stdout


def test_parquet_is_read_whole(millrace):
    rows = millrace.rows(f"""
      CREATE TABLE flights (`date` TIMESTAMP(6), delay BIGINT, origin STRING)
        WITH ('connector' = 'filesystem', 'format' = 'parquet',
              'path' = '{DATA}/flights-3m.parquet');
      SELECT origin, delay FROM flights WHERE delay > 1500;""")
    assert rows == [{"origin": "MCO", "delay": 1575}, {"origin": "HNL", "delay": 1688}]


def test_rows_in_event_time_order_are_sorted(millrace):
    rows = millrace.rows(f"""
      CREATE TABLE quakes (properties ROW<mag DOUBLE, `time` BIGINT>,
        happened AS CAST(TO_TIMESTAMP_LTZ(properties.`time`, 3) AS TIMESTAMP(3)),
        WATERMARK FOR happened AS happened)
      WITH ('connector' = 'filesystem', 'path' = '{DATA}/earthquakes.json', 'format' = 'json',
            'json.path' = '$.features[*]', 'scan.order' = 'event-time');
      SELECT happened FROM quakes;""")
    times = [row["happened"] for row in rows]
    assert len(times) == 1707 and times == sorted(times)


def test_topics_and_jobs_of_a_data_directory_are_shown(millrace):
    millrace.rows("CREATE TABLE t (id BIGINT); SET 'job.name' = 'fill';"
                  "INSERT INTO t VALUES (1);", durable=True)
    assert millrace.rows("SHOW TOPICS LIKE 't%';", durable=True) == [
        {"topic": "t", "partitions": 1}
    ]
    (job,) = millrace.rows("SHOW JOBS;", durable=True)
    assert job["job"] == "fill" and job["epoch"] >= 1 and job["committed_at"] is not None
