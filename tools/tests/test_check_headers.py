import unittest

import check_headers
from planted import PlantedTree


class CheckHeadersTest(unittest.TestCase):
    def test_a_header_that_leans_on_its_includer_is_found_and_the_good_ones_are_remembered(self):
        leaning = "#pragma once\ninline std::string name() { return {}; }\n"
        with PlantedTree({"src/log/ring.h": leaning}) as root:
            complaints, left = check_headers.check(root)
            self.assertEqual((len(complaints), left), (1, 0))
            self.assertIn("src/log/ring.h: does not compile alone", complaints[0])
            # Found again, although nothing changed; what compiled is not compiled again.
            self.assertEqual(len(check_headers.check(root)[0]), 1)
            (root / "src/log/ring.h").write_text("#pragma once\n#include <string>\n" + leaning)
            self.assertEqual(check_headers.check(root), ([], 0))

    def test_a_change_of_the_includes_behind_a_header_makes_it_stale_a_declaration_does_not(self):
        with PlantedTree() as root:
            def print_of_batch():
                return check_headers.fingerprints(root, headers)["src/data/batch.h"]
            headers = [p.relative_to(root) for p in sorted(root.glob("src/*/*.h"))]
            before, low = print_of_batch(), root / "src/base/result.h"
            low.write_text(low.read_text() + "int more();\n")
            self.assertEqual(print_of_batch(), before)
            low.write_text("#pragma once\n")
            self.assertNotEqual(print_of_batch(), before)


if __name__ == "__main__":
    unittest.main()
