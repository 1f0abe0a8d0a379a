#include "cli/records/record_input.h"

#include <gtest/gtest.h>

#include "io/simulated_world.h"

namespace millrace::cli {
namespace {

void write(io::FileSystem& files, const std::string& name, std::string_view content) {
  auto file = files.open(name, io::OpenMode::kCreate);
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(content))).has_value());
}

// "place=record|" of each.
std::string all_of(io::FileSystem& files, std::vector<std::string> names,
                   std::string_view delimiter) {
  RecordInput input(files, std::move(names), std::string(delimiter));
  std::string text, record;
  for (uint64_t index = 0;; ++index) {
    const auto step = input.next(record, 0);
    if (!step) return text + step.error().to_string();
    if (*step == RecordInput::Step::kEnd) return text;
    text += input.place_of(index) + "=" + record + "|";
  }
}

TEST(RecordInput, FilesAreCutAtDelimitersAndEndRecords) {
  io::SimulatedWorld world;
  io::FileSystem& files = world.world().files;
  write(files, "a", "1\n\n2");
  write(files, "b", "3\n");
  write(files, "none", "");
  EXPECT_EQ(all_of(files, {"a", "none", "b"}, "\n"), "a:1=1|a:2=|a:3=2|b:1=3|");
  EXPECT_EQ(all_of(files, {"a", "none", "b"}, ""), "a:1=1\n\n2|b:1=3\n|");
  EXPECT_NE(all_of(files, {"b", "missing"}, "\n").find("b:1=3|MR-1002 missing"), std::string::npos);
}

TEST(RecordInput, DelimitersAcrossBlocksAreFound) {
  io::SimulatedWorld world;
  io::FileSystem& files = world.world().files;
  for (size_t length = (64 << 10) - 4; length < (64 << 10) + 3; ++length) {
    const std::string first(length, 'x');
    write(files, "large" + std::to_string(length), first + "--=" + first + "--=-");
    RecordInput input(files, {"large" + std::to_string(length)}, "--=");
    std::string record;
    ASSERT_EQ(input.next(record, 0).value(), RecordInput::Step::kRecord);
    EXPECT_EQ(record, first);
    ASSERT_EQ(input.next(record, 0).value(), RecordInput::Step::kRecord);
    EXPECT_EQ(record, first);
    ASSERT_EQ(input.next(record, 0).value(), RecordInput::Step::kRecord);
    EXPECT_EQ(record, "-");
    EXPECT_EQ(input.next(record, 0).value(), RecordInput::Step::kEnd);
    EXPECT_EQ(input.next(record, 0).value(), RecordInput::Step::kEnd);
  }
}

}  // namespace
}  // namespace millrace::cli
