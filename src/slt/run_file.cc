#include "slt/run_file.h"

#include <fmt/core.h>

#include <algorithm>

#include "slt/line_diff.h"
#include "slt/script.h"
#include "slt/simulated_node.h"

namespace millrace::slt {
namespace {

// Simulated time before a crash, of every magnitude: less than two to the power of this, in ns.
constexpr uint64_t kDelayPower = 30;
// Crashes on the way to a barrier.
constexpr int kCrashes = 3;
constexpr size_t kLinesShown = 60;

// What went wrong with a block; `lines` are shown below.
struct Complaint {
  std::string what;
  Lines lines;
};
using Verdict = std::optional<Complaint>;

Complaint failed_with(const Error& error) {
  return {"failed", {error.to_string()}};
}

Verdict compare(const Lines& expected, const Lines& got) {
  Lines diff = line_diff(expected, got);
  if (diff.empty()) return std::nullopt;
  return Complaint{"the rows differ (- expected, + came out)", std::move(diff)};
}

Verdict compare(const ExpectedError& expected, const Error& error) {
  const std::string text = error.to_string();
  const bool code = fmt::format("MR-{}", static_cast<int>(error.code())) == expected.code;
  if (code && text.find(expected.part) != std::string::npos) return std::nullopt;
  return Complaint{fmt::format("another error than {} {}", expected.code, expected.part), {text}};
}

class FileRun {
 public:
  FileRun(const TestFile& file, const TestWorld& world, uint64_t seed,
          const std::function<void(std::string_view)>& write)
      : file_(file), world_(world), node_(world, seed), write_(write) {}

  Tally run() {
    const auto blocks = parse_script(file_.text, file_.name);
    if (!blocks) {
      complain(0, failed_with(blocks.error()));
      return tally_;
    }
    if (const auto started = node_.start(); !started) {
      complain(0, failed_with(started.error()));
      return tally_;
    }
    bool skip_next = false;
    for (const Block& block : *blocks) {
      line_ = block.line;
      if (const auto* skip = std::get_if<SkipBlock>(&block.content)) {
        const bool here = std::ranges::find(skip->worlds, world_.name) != skip->worlds.end();
        if (here && skip->rest_of_file) {
          ++tally_.skipped;
          break;
        }
        skip_next = here;
      } else if (skip_next) {
        skip_next = false;
        ++tally_.skipped;
      } else {
        std::visit([this](const auto& content) { judge(content); }, block.content);
      }
    }
    return tally_;
  }

 private:
  void complain(int line, const Complaint& complaint) {
    ++tally_.failed;
    const std::string world = world_.name == "default" ? "" : " [" + world_.name + "]";
    std::string text = fmt::format("{}:{}:{} {}\n", file_.name, line, world, complaint.what);
    const size_t shown = std::min(complaint.lines.size(), kLinesShown);
    for (size_t at = 0; at < shown; ++at) text += "    " + complaint.lines[at] + "\n";
    if (shown < complaint.lines.size()) {
      text += fmt::format("    … and {} lines more\n", complaint.lines.size() - shown);
    }
    write_(text);
  }

  template <class Content>
  void judge(const Content& content) {
    const Verdict verdict = check(content);
    if (verdict) {
      complain(line_, *verdict);
    } else if (counts(content)) {
      ++tally_.passed;
    }
  }
  template <class Content>
  static bool counts(const Content&) {
    return std::is_same_v<Content, StatementBlock> || std::is_same_v<Content, QueryBlock> ||
           std::is_same_v<Content, ExpectBlock> || std::is_same_v<Content, ExpectErrorBlock>;
  }
  static Verdict of(const Result<void>& result) {
    if (result) return std::nullopt;
    return failed_with(result.error());
  }
  // Places in messages are those of the file.
  std::string placed(const std::string& sql) const {
    return std::string(static_cast<size_t>(line_), '\n') + sql;
  }

  Verdict check(const StatementBlock& statement) {
    const auto rows = node_.execute(placed(statement.sql), file_.name);
    if (!statement.fails) {
      if (rows) return std::nullopt;
      return failed_with(rows.error());
    }
    if (!rows) return compare(statement.error, rows.error());
    return Complaint{fmt::format("succeeded, although {} was expected", statement.error.code), {}};
  }
  Verdict check(const QueryBlock& query) {
    auto rows = node_.execute(placed(query.sql), file_.name);
    if (!rows) return failed_with(rows.error());
    if (!query.sorted) return compare(query.rows, *rows);
    Lines expected = query.rows;
    std::ranges::sort(expected);
    std::ranges::sort(*rows);
    return compare(expected, *rows);
  }
  Verdict check(const StreamBlock& stream) {
    return of(node_.launch(stream.name, placed(stream.sql), file_.name));
  }
  Verdict check(const PushBlock& push) {
    std::string sql = "INSERT INTO " + push.target + " VALUES ";
    for (size_t row = 0; row < push.rows.size(); ++row) {
      sql += (row == 0 ? "(" : ", (") + push.rows[row] + ")";
    }
    const auto done = node_.execute(sql + ";", fmt::format("{}:{}", file_.name, line_));
    if (!done) return failed_with(done.error());
    if (!world_.crash_at_pushes) return std::nullopt;
    return of(crash_and_restore(some_ns()));
  }
  Verdict check(const FileBlock& file) { return of(node_.write_file(file.path, file.lines)); }
  Verdict check(const BarrierBlock&) { return of(barrier()); }
  Verdict check(const AdvanceBlock& advance) { return of(node_.advance(advance.us)); }
  Verdict check(const StopBlock& stop) { return of(node_.stop(stop.stream)); }
  Verdict check(const CrashBlock&) { return of(node_.crash(some_ns())); }
  Verdict check(const RestoreBlock&) { return of(node_.restore()); }

  Verdict check(const ExpectBlock& expect) {
    if (const auto settled = barrier(); !settled) return failed_with(settled.error());
    const auto stream = node_.changes(expect.stream);
    if (!stream) return failed_with(stream.error());
    const bool fold = expect.what == Expected::kFold;
    const auto rows = fold ? (*stream)->fold() : (*stream)->net();
    if (!rows) return failed_with(rows.error());
    Lines expected = expect.rows;
    if (fold) {
      std::ranges::sort(expected);
    } else {
      sort_changes(expected);
    }
    return compare(expected, *rows);
  }
  Verdict check(const ExpectErrorBlock& expect) {
    if (const auto settled = barrier(); !settled) return failed_with(settled.error());
    const auto failure = node_.failure_of(expect.stream);
    if (!failure) return failed_with(failure.error());
    if (*failure) return compare(expect.error, **failure);
    return Complaint{fmt::format("{} has not failed", expect.stream), {}};
  }
  Verdict check(const SkipBlock&) { return std::nullopt; }

  int64_t some_ns() {
    return static_cast<int64_t>(node_.draw(uint64_t{1} << node_.draw(kDelayPower + 1)));
  }
  Result<void> crash_and_restore(int64_t after_ns) {
    MILLRACE_TRY(node_.crash(after_ns));
    return node_.restore();
  }
  // Everything is committed; a world may crash on the way there, and once it is there.
  Result<void> barrier() {
    if (world_.crash_at_barriers) {
      for (int crash = 0; crash < kCrashes; ++crash) {
        MILLRACE_TRY(crash_and_restore(some_ns()));
      }
      MILLRACE_TRY(node_.settle());
      MILLRACE_TRY(crash_and_restore(0));
    }
    return node_.settle();
  }

  const TestFile& file_;
  const TestWorld& world_;
  SimulatedNode node_;
  const std::function<void(std::string_view)>& write_;
  Tally tally_;
  int line_ = 0;
};

}  // namespace

Tally run_file(const TestFile& file, const TestWorld& world, uint64_t seed,
               const std::function<void(std::string_view)>& write) {
  return FileRun(file, world, seed, write).run();
}

}  // namespace millrace::slt
