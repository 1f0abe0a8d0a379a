import unittest

import tidy
from functions import Class, Function, blocks_of
from planted import PlantedTree


def complaints(planted):
    with PlantedTree(planted) as root:
        return [str(c) for c in tidy.check(root)]


def source(body, path="src/log/ring.cc"):
    return {path: '#include "log/ring.h"\n' + body + "\n"}


class TidyTest(unittest.TestCase):
    def assert_only(self, planted, words):
        found = complaints(planted)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_clean_tree_passes(self):
        self.assertEqual(complaints({}), [])

    def test_sizes(self):
        self.assert_only({"src/log/ring.h": "#pragma once\n" + "\n" * 300}, "301 lines")
        self.assert_only(source("\n" * 600), "602 lines")
        self.assert_only(source("// " + "x" * 98), "101 columns")
        golden = 'auto x = R"(\n' + "x" * 101 + '\n)";\n'
        self.assert_only(source(golden), "101 columns")
        self.assertEqual(complaints({"src/log/ring_test.cc": golden}), [])
        self.assert_only(source("int f() {\n" + "  g();\n" * 59 + "}"), "f has 61 lines")
        self.assertEqual(complaints(source("int f() {\n" + "  g();\n" * 58 + "}")), [])
        self.assert_only({"src/log/README.md": "line\n" * 81}, "81 lines")

    def test_virtuals(self):
        def body(count):
            return ("#pragma once\nclass Wide {\n  virtual ~Wide();\n"
                    + "".join(f"  virtual void f{i}();\n" for i in range(count)) + "};\n")
        self.assertEqual(complaints({"src/log/ring.h": body(8)}), [])
        self.assert_only({"src/log/ring.h": body(9)}, "Wide has 9 virtual functions")

    def test_every_ban_names_the_replacement(self):
        for code, words in [
                ("auto t = std::chrono::steady_clock::now();", "io::Clock"),
                ("auto t = ::time(nullptr);", "io::Clock"),
                ("std::thread t(f);", "io::Threads"),
                ("void f() { std::this_thread::sleep_for(d); }", "io::Executor"),
                ("std::ifstream in(path);", "io::FileSystem"),
                ("int fd = ::open(path, 0);", "io::FileSystem"),
                ("auto* f = fopen(path, mode);", "io::FileSystem"),
                ("int n = rand();", "io::Random"),
                ("std::random_device device;", "io::Random"),
                ("auto* home = std::getenv(name);", "a setting"),
                ("void f() { out << std::endl; }", r"'\n'"),
                ("void f() { assert(x); }", "MILLRACE_ASSERT"),
                ("void f() { std::printf(x); }", "stream"),
                ("TEST(Ring, DISABLED_Wraps) {}", "a test that runs")]:
            with self.subTest(code=code):
                self.assert_only(source(code), words)

    def test_bans_see_code_only_and_leave_methods_alone(self):
        self.assertEqual(complaints(source(
            '// std::thread is banned\nauto s = "rand()";\n'
            "void f() { source.open(); p->read(1); }\n"
            "int n = 1'000'000;\nchar c = '\"';")), [])

    def test_what_io_may_do_others_may_not(self):
        law = {"src/LAYERS": "0 base: | third: fmt\n1 io: base\n1 data: base\n2 log: base\n"
                             "9 testing: base data\n", "src/io/README.md": "# io\n"}
        text = "auto t = std::chrono::steady_clock::now();\n"
        self.assertEqual(complaints({**law, "src/io/clock.cc": text}), [])

    def test_words(self):
        for word in ("TODO", "FIXME", "XXX"):
            self.assert_only(source(f"// {word}: later"), word)
        self.assert_only({"docs/page.md": "see /home/somebody/file\n"}, "path of one machine")
        self.assertEqual(complaints({"docs/page.md": "docs/work/home, http://x/tmp/y\n"}), [])

    def test_names(self):
        self.assert_only(source("class RingManager {};"), "Manager says nothing")
        self.assert_only(source("struct Utils {};"), "Utils says nothing")
        self.assert_only({"src/log/ring_helper_test.cc": "\n"}, "a file named helper")
        self.assert_only({"src/log/RingTest.cc": "\n"}, "snake_case")
        self.assertEqual(complaints(source("class Implied {};\nstruct CommonTable {};")), [])

    def test_headers(self):
        self.assert_only({"src/log/ring.h": "int x;\n"}, "#pragma once")
        self.assert_only({"src/log/ring.h": "#pragma once\nusing namespace std;\n"},
                         "using namespace")

    def test_dead_files(self):
        self.assert_only({"src/log/forgotten.h": "#pragma once\n"}, "nobody includes it")
        self.assert_only({"bench/deeper/forgotten.cc": "\n"}, "no target builds it")
        self.assertEqual(complaints({"bench/load.cc": "\n"}), [])
        self.assertEqual(complaints({"tests/fuzz/ring_fuzz.cc": "\n"}), [])

    def test_a_module_has_a_readme(self):
        with PlantedTree() as root:
            (root / "src/log/README.md").unlink()
            found = [str(c) for c in tidy.check(root)]
        self.assertEqual(len(found), 1, found)
        self.assertIn("src/log/README.md", found[0])

    def test_binaries(self):
        self.assert_only({"docs/picture.png": b"\x89PNG\0"}, "a binary file")
        self.assert_only({"tests/golden/x.bin": b"\0" * 70_000}, "64 KiB")
        self.assertEqual(complaints({"examples/data/x.parquet": b"\0" * 70_000,
                                     "tests/golden/x.bin": b"\0"}), [])


class FunctionsTest(unittest.TestCase):
    def test_functions_are_found_with_their_lines(self):
        code = ("namespace a {\n"
                "template <class T>\nT first(const std::vector<T>& v) {\n  if (x) {\n  }\n}\n"
                "Ring::Ring(int n)\n    : n_(n),\n      m_{n} {\n}\n"
                "constexpr int kTable[] = {\n  f(1),\n  g(2),\n};\n"
                "class C {\n  int size() const { return n_; }\n  int n_ = 0;\n};\n"
                "auto D::at() -> int {\n}\n}\n")
        found = {b.name: b.lines for b in blocks_of(code) if isinstance(b, Function)}
        self.assertEqual(found["first"], 5)
        self.assertEqual(found["size"], 1)
        self.assertEqual(found["D::at"], 2)
        self.assertNotIn("f", found)

    def test_classes_are_found_with_their_names(self):
        code = ("class alignas(64) Slot final : public Other {\n};\n"
                "enum class Kind : uint8_t { kA };\n"
                "template <class T>\nstruct Box {\n  struct Inner {};\n};\n")
        found = {b.name for b in blocks_of(code) if isinstance(b, Class)}
        self.assertEqual(found, {"Slot", "Kind", "Box", "Inner"})


if __name__ == "__main__":
    unittest.main()
