import unittest

from wrap_comments import wrap

WORDS = "word " * 18  # 90 columns


class WrapCommentsTest(unittest.TestCase):
    def test_what_fits_stays(self):
        lines = ["int x;  // " + "y" * 100, "// short", "", "code();" + " " * 100]
        self.assertEqual(wrap(lines), lines)

    def test_the_rest_goes_into_the_next_line_of_the_paragraph(self):
        self.assertEqual(wrap([f"// {WORDS}one two three", "// four."]),
                         [f"// {WORDS}one two", "// three four."])

    def test_the_rest_stands_alone_before_code_and_labels(self):
        self.assertEqual(wrap([f"  // {WORDS}one two three", "  f();"]),
                         [f"  // {WORDS}one", "  // two three", "  f();"])
        self.assertEqual(wrap([f"// {WORDS}one two three", "// Order:  any."]),
                         [f"// {WORDS}one two", "// three", "// Order:  any."])

    def test_a_label_keeps_its_hanging_indent(self):
        self.assertEqual(wrap([f"// Order:  {WORDS}one", "//         two."]),
                         [f"// Order:  {WORDS.rstrip()}", "//         one two."])

    def test_a_sentence_with_a_colon_is_no_label(self):
        self.assertEqual(wrap([f"// Reader: {WORDS}one", "// two."]),
                         [f"// Reader: {WORDS.rstrip()}", "// one two."])


if __name__ == "__main__":
    unittest.main()
