#include "connectors/filesystem/file_target.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/connector_world_test.h"
#include "connectors/filesystem/manifest.h"
#include "connectors/filesystem/partition_folder.h"
#include "data/builder.h"

namespace millrace::connectors {
namespace {

constexpr int kBatches = 12;
constexpr int kRowsPerBatch = 5;

TestTable table(std::vector<std::pair<std::string, std::string>> options = {},
                const std::string& format = "json") {
  options.emplace_back("path", "/out");
  return {.connector = "filesystem",
          .columns = "a BIGINT, b STRING",
          .options = std::move(options),
          .format = format,
          .metadata = {},
          .key = {}};
}

// Rows 0, 1, 2, … in batches; row n has the text "n mod 3".
std::vector<std::string> batches() {
  std::vector<std::string> made;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::string text;
    for (int row = batch * kRowsPerBatch; row < (batch + 1) * kRowsPerBatch; ++row) {
      text += std::to_string(row) + " | " + std::to_string(row % 3) + "\n";
    }
    text.pop_back();
    made.push_back(text);
  }
  return made;
}

Lines expected() {
  Lines lines;
  for (int row = 0; row < kBatches * kRowsPerBatch; ++row) {
    lines.push_back("{\"a\":" + std::to_string(row) + ",\"b\":\"" + std::to_string(row % 3) +
                    "\"}");
  }
  std::ranges::sort(lines);
  return lines;
}

// The files that a reader of the folder sees, and what is in them.
std::vector<std::string> visible_files(ConnectorWorld& world, const std::string& folder = "/out") {
  std::vector<std::string> found;
  const auto names = world.world.files().list(folder);
  if (!names) return found;
  for (const std::string& name : *names) {
    if (name.starts_with('.')) continue;
    const std::string path = io::join_path(folder, name);
    if (world.world.files().stat(path)->is_folder) {
      for (const std::string& inner : visible_files(world, path)) found.push_back(inner);
    } else {
      found.push_back(path);
    }
  }
  return found;
}

std::string content(ConnectorWorld& world, const std::string& path) {
  const Buffer bytes = *io::read_file(world.world.files(), path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.bytes()};
}

Lines visible_lines(ConnectorWorld& world) {
  Lines lines;
  for (const std::string& path : visible_files(world)) {
    std::string text = content(world, path);
    EXPECT_TRUE(text.ends_with('\n')) << path;
    for (size_t from = 0; from < text.size();) {
      const size_t end = text.find('\n', from);
      lines.push_back(text.substr(from, end - from));
      from = end + 1;
    }
  }
  std::ranges::sort(lines);
  return lines;
}

bool is_subset(const Lines& part, const Lines& whole) {
  return std::ranges::includes(whole, part);
}

TEST(FileTarget, WritesEveryRowOnceIntoWholeFiles) {
  ConnectorWorld world;
  const auto done = world.write(table(), batches());
  ASSERT_TRUE(done) << error_of(done);
  EXPECT_EQ(visible_files(world), (Lines{"/out/part-id-0.json"}));
  EXPECT_EQ(visible_lines(world), expected());
}

TEST(FileTarget, RollsBySize) {
  ConnectorWorld world;
  const auto done = world.write(table({{"sink.rolling-policy.file-size", "200"}}), batches(),
                                {.batch_rows_max = 5, .rows_per_second = 20'000});
  ASSERT_TRUE(done) << error_of(done);
  EXPECT_GT(visible_files(world).size(), 3U);
  EXPECT_EQ(visible_lines(world), expected());
}

TEST(FileTarget, RollsByTimeWhileTheJobGoesOn) {
  ConnectorWorld world;
  TestRun slow{.batch_rows_max = 1, .rows_per_second = 1};
  const auto done = world.write(table({{"sink.rolling-policy.rollover-interval", "9 s"},
                                       {"sink.rolling-policy.check-interval", "5 s"}}),
                                batches(), slow);
  ASSERT_TRUE(done) << error_of(done);
  const size_t files = visible_files(world).size();
  EXPECT_GE(files, 4U);
  EXPECT_LE(files, 7U);
  EXPECT_EQ(visible_lines(world), expected());
}

TEST(FileTarget, FoldersForWhatItIsPartitionedBy) {
  ConnectorWorld world;
  TestTable partitioned = table();
  partitioned.partitioned_by = {"b"};
  ASSERT_TRUE(world.write(partitioned, {"1 | x\n2 | a/b\n3 | NULL\n4 | x"}));
  EXPECT_EQ(visible_files(world),
            (Lines{"/out/b=__DEFAULT_PARTITION__/part-id-0.json", "/out/b=a%2Fb/part-id-1.json",
                   "/out/b=x/part-id-2.json"}));
  EXPECT_EQ(content(world, "/out/b=x/part-id-2.json"), "{\"a\":1}\n{\"a\":4}\n");
  Lines rows = world.rows(partitioned, {.job = "read"});
  std::ranges::sort(rows);
  EXPECT_EQ(rows, (Lines{"+I 1 | x", "+I 2 | a/b", "+I 3 | NULL", "+I 4 | x"}));
}

TEST(FileTarget, EveryFormatIsReadBackAsItWasWritten) {
  for (const std::string format : {"json", "csv", "parquet"}) {
    ConnectorWorld world;
    TestTable written = table({}, format);
    const auto encoder =
        (*world.formats.find(format))
            ->file_encoder(testing::schema_of("a INT"), *world.options_of(written));
    if (!encoder && encoder.error().code() == ErrorCode::kFormatUnavailable) continue;
    written.columns =
        "a BIGINT, b STRING, c BOOLEAN, d DECIMAL(12), e DOUBLE, f TIMESTAMP(3), g INT";
    const Lines rows = {"+I 1 | x | true | 12 | 1.5 | 2024-02-29 23:56:05.460 | 7",
                        "+I NULL | NULL | NULL | NULL | NULL | NULL | NULL",
                        "+I -9 | a,\"b | false | -3 | -0.25 | 1969-12-31 23:59:59.999 | 0"};
    std::string text;
    for (const std::string& row : rows) text += row + "\n";
    text.pop_back();
    const auto done = world.write(written, {text});
    ASSERT_TRUE(done) << error_of(done);
    EXPECT_EQ(world.rows(written, {.job = "read"}), rows) << format;
  }
}

TEST(FileTarget, AHeaderStandsAtTheBeginningOfEveryFile) {
  ConnectorWorld world;
  ASSERT_TRUE(
      world.write(table({{"csv.header", "true"}, {"sink.rolling-policy.file-size", "1"}}, "csv"),
                  {"1 | x", "2 | y"}));
  for (const std::string& path : visible_files(world)) {
    EXPECT_TRUE(content(world, path).starts_with("a,b\n")) << path;
  }
}

TEST(FileTarget, NothingAppearsBeforeItsEpochIsCommitted) {
  for (const auto phase : {engine::EpochPhase::kBarrier, engine::EpochPhase::kStaged}) {
    ConnectorWorld world;
    TestRun dying;
    dying.crash = [phase](commit::Epoch epoch, engine::EpochPhase at) {
      return epoch.value() == 1 && at == phase;
    };
    ASSERT_FALSE(world.write(table({{"sink.rolling-policy.file-size", "1"}}), batches(), dying));
    EXPECT_EQ(visible_files(world), Lines());
  }
}

TEST(FileTarget, AJobThatDiesAtAnyPhaseOfAnyEpochWritesOnce) {
  using engine::EpochPhase;
  for (const uint32_t shards : {1U, 2U}) {
    for (const auto phase : {EpochPhase::kBarrier, EpochPhase::kStaged, EpochPhase::kCommitted}) {
      for (uint64_t epoch = 1; epoch < 8; ++epoch) {
        ConnectorWorld world;
        const TestTable out = table({{"sink.rolling-policy.file-size", "150"}});
        TestRun dying{.shards = shards,
                      .batch_rows_max = 3,
                      .slice_batches_max = 1,
                      .rows_per_second = 20'000};
        TestRun again = dying;
        dying.crash = [&](commit::Epoch at, EpochPhase now) {
          return at.value() == epoch && now == phase;
        };
        if (!world.write(out, batches(), dying)) {
          EXPECT_TRUE(is_subset(visible_lines(world), expected()));
          const auto done = world.write(out, batches(), again);
          ASSERT_TRUE(done) << error_of(done);
        }
        EXPECT_EQ(visible_lines(world), expected()) << "epoch " << epoch;
      }
    }
  }
}

// The machine dies in the middle of the n-th file call, for every n; then everything starts again.
class FileTargetCrash : public ::testing::TestWithParam<io::CrashMode> {};

TEST_P(FileTargetCrash, AtAnyCallWritesOnce) {
  const TestRun how{.batch_rows_max = 5, .slice_batches_max = 1, .rows_per_second = 20'000};
  TestTable out = table({{"sink.rolling-policy.file-size", "40"}});
  out.partitioned_by = {"b"};
  ConnectorWorld unharmed;
  ASSERT_TRUE(unharmed.write(out, batches(), how));
  const Lines whole = visible_lines(unharmed);
  EXPECT_EQ(whole.size(), static_cast<size_t>(kBatches * kRowsPerBatch));
  uint64_t crashes = 0;
  for (uint64_t nth = 1;; ++nth) {
    ConnectorWorld world({}, {.seed = nth});
    world.world.files().inject(
        {.nth = nth, .effect = io::FaultEffect::kCrash, .crash = GetParam()});
    if (world.write(out, batches(), how)) break;
    ++crashes;
    world.world.files().recover();
    EXPECT_TRUE(is_subset(visible_lines(world), whole)) << "call " << nth;
    const auto done = world.write(out, batches(), how);
    ASSERT_TRUE(done) << error_of(done);
    EXPECT_EQ(visible_lines(world), whole) << "call " << nth;
  }
  EXPECT_GT(crashes, 40U);
}

INSTANTIATE_TEST_SUITE_P(Modes, FileTargetCrash,
                         ::testing::Values(io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                           io::CrashMode::kTear));

TEST(FileTarget, AFailingCallEndsTheJobAndTheNextRunGoesOn) {
  const TestTable out = table({{"sink.rolling-policy.file-size", "300"}});
  for (uint64_t nth = 1;; ++nth) {
    ConnectorWorld world;
    world.world.files().inject({.nth = nth, .code = ErrorCode::kDiskFull});
    const auto first = world.write(out, batches());
    if (!first) {
      EXPECT_EQ(first.error().code(), ErrorCode::kDiskFull);
      const auto done = world.write(out, batches());
      ASSERT_TRUE(done) << error_of(done);
    }
    EXPECT_EQ(visible_lines(world), expected()) << "call " << nth;
    if (first) break;
  }
}

TEST(FileTarget, ASlowTargetMakesTheJobWait) {
  ConnectorWorld world;
  world.world.files().inject({.call = io::FileCall::kOpen,
                              .lasting = true,
                              .effect = io::FaultEffect::kSlow,
                              .slow_ns = io::kNsPerSecond});
  const auto done =
      world.write(table({{"sink.buffer.bytes", "0"}, {"sink.rolling-policy.file-size", "1"}}),
                  batches(), {.batch_rows_max = 1, .slice_batches_max = 1});
  ASSERT_TRUE(done) << error_of(done);
  EXPECT_EQ(visible_lines(world), expected());
}

TEST(FileTarget, AJobThatIsCompleteLeavesNothingHidden) {
  ConnectorWorld world;
  const auto done = world.write(table(), batches(), {.forget = true});
  ASSERT_TRUE(done) << error_of(done);
  EXPECT_EQ(*world.world.files().list("/out"), (Lines{"part-id-0.json"}));
}

TEST(FileTarget, AFileInPlaceOfTheFolderIsNamed) {
  ConnectorWorld world;
  world.write_file("/out", "x");
  const auto refused = world.write(table(), batches());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
}

TEST(FileTarget, ADamagedManifestIsNamed) {
  ConnectorWorld world;
  world.write_file("/out/.millrace/id/manifest", "millrace-parts 1\nnext 1\noffset 5\ncrc 0\n");
  const auto refused = world.write(table(), batches());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kCorruptState);
}

TEST(FileTarget, AManifestReadsAsItWasWritten) {
  const Manifest manifest{
      .next_part = 17, .offsets = {12, 0}, .parts = {{15, "a=b c/part-1"}, {16, "part-2"}}};
  const std::string text = manifest.encode();
  EXPECT_EQ(*Manifest::decode(text), manifest);
  for (size_t bytes = 0; bytes < text.size(); ++bytes) {
    EXPECT_FALSE(Manifest::decode(text.substr(0, bytes))) << bytes;
    std::string flipped = text;
    flipped[bytes] ^= 1;
    EXPECT_FALSE(Manifest::decode(flipped)) << bytes;
  }
}

TEST(FileTarget, AnyTextMakesAFolderThatIsReadBack) {
  data::ColumnBuilder builder{data::Type(data::TypeKind::kVarchar)};
  const Lines texts = {"x", "a/b", "..", "100%", "%2F", "Zürich", "a=b", "\n"};
  for (const std::string& text : texts) builder.append_text(text);
  const data::ColumnPtr column = builder.finish();
  for (uint32_t row = 0; row < texts.size(); ++row) {
    const std::string folder = partition_folder("k", *column, row);
    EXPECT_EQ(folder.find('/'), std::string::npos);
    EXPECT_EQ(partition_text("/out/" + folder + "/part", "k"), texts[row]);
  }
  EXPECT_EQ(partition_text("/out/x/part", "k"), std::nullopt);
}

}  // namespace
}  // namespace millrace::connectors
