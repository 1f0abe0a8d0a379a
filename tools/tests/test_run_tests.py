import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import run_tests

GTEST = """{"testsuites": [{"testsuite": [
  {"status": "RUN", "result": "COMPLETED"},
  {"status": "RUN", "result": "COMPLETED", "failures": [{"failure": "x"}]},
  {"status": "RUN", "result": "SKIPPED"},
  {"status": "NOTRUN", "result": "SUPPRESSED"}]}]}"""
JUNIT = '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>'


class RunTestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "file"

    def test_counts_are_read_from_reports(self):
        self.file.write_text(GTEST)
        self.assertEqual(run_tests.gtest_counts(self.file), (1, 1, 1))
        self.file.write_text(JUNIT)
        self.assertEqual(run_tests.junit_counts(self.file), (2, 2, 1))

    def test_a_program_that_dies_or_hangs_or_is_missing_is_a_failure(self):
        for command in (["sh", "-c", "kill -9 $$"], ["sleep", "9"], ["./no-such-program"]):
            code, text, seconds = run_tests.execute(command, 0.2)
            outcome = run_tests.from_counts("x", None, code, text, seconds)
            self.assertEqual((outcome.passed, outcome.failed), (0, 1))

    def test_the_verdict_needs_a_pass_and_no_failure(self):
        for tally, verdict, line in [("", 1, "0 passed, 0 failed"),
                                     ("3\t0\t0\n", 0, "3 passed, 0 failed"),
                                     ("3\t0\t0\n0\t1\t0\n", 1, "3 passed, 1 failed")]:
            self.file.write_text(tally)
            with contextlib.redirect_stdout(io.StringIO()) as output:
                self.assertEqual(run_tests.summary(self.file), verdict)
            self.assertEqual(output.getvalue().splitlines()[-1], line)


if __name__ == "__main__":
    unittest.main()
