import subprocess
import unittest

import check_layers
from planted import FILES, PlantedTree


def complaints(planted, build=None):
    with PlantedTree(planted) as root:
        return [str(c) for c in check_layers.check(root, build)]


class CheckLayersTest(unittest.TestCase):
    def assert_only(self, planted, path, words):
        found = complaints(planted)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path), found[0])
        self.assertIn(words, found[0])

    def law(self, old, new):
        return {"src/LAYERS": FILES["src/LAYERS"].replace(old, new)}

    def test_a_clean_tree_passes(self):
        self.assertEqual(complaints({}), [])

    def test_an_include_that_the_line_does_not_name(self):
        self.assert_only({"src/log/ring.cc": '#include "log/ring.h"\n#include "data/batch.h"\n'},
                         "src/log/ring.cc:2", "log may not include data")

    def test_an_include_upwards(self):
        self.assert_only({"src/base/result.cc": '#include "data/batch.h"\n'},
                         "src/base/result.cc:1", "base may not include data")

    def test_an_include_in_a_comment_is_none(self):
        self.assertEqual(complaints({"src/log/ring.cc": '/*\n#include "data/batch.h"\n*/\n'}), [])

    def test_an_include_without_a_file(self):
        self.assert_only({"src/log/ring.cc": '#include "ring.h"\n'}, "src/log/ring.cc:1", "no file")

    def test_testing_in_a_test_of_a_module_that_names_it(self):
        text = '#include "testing/driver.h"\n'
        self.assertEqual(complaints({"src/data/batch_test.cc": text}), [])
        self.assert_only({"src/data/batch.cc": text}, "src/data/batch.cc:1", "may not include")
        self.assert_only({"src/log/ring_test.cc": text}, "src/log/ring_test.cc:1",
                         "may not include")

    def test_a_line_that_names_what_stands_below_or_itself(self):
        self.assert_only(self.law("0 base: |", "0 base: data |"), "src/LAYERS:1",
                         "base names data")
        self.assert_only(self.law("log:  base", "log:  log"), "src/LAYERS:3", "log names log")

    def test_a_line_that_names_nothing_known(self):
        self.assert_only(self.law("log:  base", "log:  basis"), "src/LAYERS:3", "basis")

    def test_testing_in_a_plain_list(self):
        cli = "testing: base data\n        9 cli: base testing"
        self.assert_only(self.law("testing: base data", cli), "src/LAYERS:5", "cli names testing")

    def test_a_line_that_is_no_line_of_the_law(self):
        self.assert_only(self.law("9 testing", "log: base\n        9 testing"), "src/LAYERS:4",
                         "expected")

    def test_a_module_without_a_line(self):
        self.assert_only({"src/misplaced/x.cc": "\n"}, "src/misplaced/x.cc", "has no line")

    def test_third_party_headers_stay_in_cc_files(self):
        self.assert_only({"src/log/ring.h": "#pragma once\n#include <zstd.h>\n"},
                         "src/log/ring.h:2", "in a header")
        header = "#pragma once\n#include <fmt/core.h>\n"
        self.assertEqual(complaints({"src/log/ring.h": header}), [])

    def test_a_library_that_the_line_does_not_name(self):
        self.assert_only({"src/log/ring.cc": "#include <zstd.h>\n"}, "src/log/ring.cc:1",
                         "third: zstd")
        self.assert_only({"src/log/ring.cc": "#include <gtest/gtest.h>\n"}, "src/log/ring.cc:1",
                         "belongs to tests")

    def test_a_ring_of_headers(self):
        self.assert_only({"src/data/batch.h": '#pragma once\n#include "data/row.h"\n',
                          "src/data/row.h": '#pragma once\n#include "data/batch.h"\n'},
                         "src/data/", "a ring of includes")

    def test_a_link_that_the_line_does_not_name(self):
        sources = {
            "data.cc": "namespace millrace::data { int rows() { return 1; } }",
            "log.cc": "namespace millrace::data { int rows(); }\n"
                      "namespace millrace::log { int end() { return data::rows(); } }",
        }
        with PlantedTree(sources) as root:
            for name in sources:
                subprocess.run(["g++", "-c", name], cwd=root, check=True)
                subprocess.run(["ar", "rc", f"lib{name[:-3]}.a", f"{name[:-3]}.o"], cwd=root,
                               check=True)
            layers = check_layers.read_layers(root)
            found = [str(c) for c in check_layers.check_links(layers, root)]
            self.assertEqual(len(found), 1, found)
            self.assertIn("log may not link with data, but uses millrace::data::rows()", found[0])
            layers["log"].below.append("data")
            self.assertEqual(list(check_layers.check_links(layers, root)), [])


if __name__ == "__main__":
    unittest.main()
