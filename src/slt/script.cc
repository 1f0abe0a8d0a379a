#include "slt/script.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>

namespace millrace::slt {
namespace {

constexpr std::string_view kRule = "----";

std::string_view trim_right(std::string_view text) {
  while (text.ends_with(' ') || text.ends_with('\t') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// A row as it stands in the file: tabs separate columns as " | " does.
std::string row_line(std::string_view line) {
  std::string row;
  for (const char letter : line) {
    if (letter == '\t') {
      row += " | ";
    } else {
      row += letter;
    }
  }
  return row;
}

// Takes the first word off; empty at the end.
std::string_view take_word(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return word;
}

// "10 s", "500 ms"; nullopt: no duration.
std::optional<int64_t> duration_us(std::string_view text) {
  struct Unit {
    std::string_view name;
    int64_t us;
  };
  constexpr auto kUnits = std::to_array<Unit>({{"ms", 1'000},
                                               {"s", 1'000'000},
                                               {"min", 60'000'000},
                                               {"h", 3'600'000'000},
                                               {"d", 86'400'000'000}});
  const std::string_view number = take_word(text);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (error != std::errc() || end != number.data() + number.size() || count <= 0) {
    return std::nullopt;
  }
  for (const Unit& unit : kUnits) {
    if (unit.name == text) return count * unit.us;
  }
  return std::nullopt;
}

// One block: the line that says what it is, and the lines below.
class BlockReader {
 public:
  BlockReader(std::string_view head, Lines body, int line, std::string_view file_name)
      : head_(head), body_(std::move(body)), line_(line), file_name_(file_name) {}

  Result<Block> read() {
    const std::string_view verb = take_word(head_);
    for (const Verb& known : kVerbs) {
      if (known.name == verb) return (this->*known.read)();
    }
    return wrong(fmt::format("'{}' begins no block", verb));
  }

 private:
  struct Verb {
    std::string_view name;
    Result<Block> (BlockReader::*read)();
  };

  template <class T>
  Block block(T content) const {
    return {line_, std::move(content)};
  }
  Error wrong(std::string message) const {
    return Error(ErrorCode::kSyntaxError, std::move(message))
        .at(fmt::format("{}:{}", file_name_, line_))
        .remedy("docs/testing.md lists what a file can say.");
  }
  // The words below as one text; `without_rule`: up to the line ----.
  std::string sql() const {
    std::string text;
    for (const std::string& line : body_) {
      if (line == kRule) break;
      text += line + "\n";
    }
    if (const size_t end = text.find_last_not_of(" \n"); end != std::string::npos) {
      if (text[end] != ';') text.insert(end + 1, ";");
    }
    return text;
  }
  Result<ExpectedError> expected_error() {
    ExpectedError error{.code = std::string(take_word(head_)), .part = std::string(head_)};
    if (!error.code.starts_with("MR-")) return wrong("an error code, MR-…, is missing");
    return error;
  }

  Result<Block> statement() {
    const std::string_view outcome = take_word(head_);
    StatementBlock statement{.sql = sql(), .error = {}};
    if (statement.sql.empty()) return wrong("the statement is missing");
    if (outcome == "ok") return block(std::move(statement));
    if (outcome != "error") return wrong("a statement is 'ok' or 'error MR-…'");
    statement.fails = true;
    statement.error = MILLRACE_TRY(expected_error());
    return block(std::move(statement));
  }
  Result<Block> query() {
    QueryBlock query{.sql = sql(), .rows = {}};
    if (head_ == "rowsort") {
      query.sorted = true;
    } else if (!head_.empty()) {
      return wrong(fmt::format("'{}' says nothing of a query; 'rowsort' does", head_));
    }
    bool below = false;
    for (const std::string& line : body_) {
      if (below) query.rows.push_back(row_line(line));
      below |= line == kRule;
    }
    if (!below) return wrong("the line ---- between a query and its rows is missing");
    return block(std::move(query));
  }
  Result<Block> stream() {
    StreamBlock stream{.name = std::string(head_), .sql = sql()};
    if (stream.name.empty() || stream.sql.empty()) return wrong("stream NAME, then a statement");
    return block(std::move(stream));
  }
  Result<Block> push() {
    PushBlock push{.target = std::string(head_), .rows = body_};
    if (push.target.empty() || push.rows.empty()) return wrong("push TABLE, then a row a line");
    return block(std::move(push));
  }
  Result<Block> file() { return block(FileBlock{std::string(head_), body_}); }
  Result<Block> barrier() { return block(BarrierBlock{}); }
  Result<Block> advance() {
    const auto us = duration_us(head_);
    if (!us) return wrong("advance takes a duration: 500 ms, 10 s, 5 min, 1 h, 2 d");
    return block(AdvanceBlock{*us});
  }
  Result<Block> expect() {
    const std::string_view what = take_word(head_);
    std::string stream(take_word(head_));
    if (what == "error") {
      return block(ExpectErrorBlock{std::move(stream), MILLRACE_TRY(expected_error())});
    }
    if ((what != "changes" && what != "fold") || stream.empty()) {
      return wrong("expect changes NAME, expect fold NAME, or expect error NAME MR-…");
    }
    ExpectBlock expect{.stream = std::move(stream),
                       .what = what == "fold" ? Expected::kFold : Expected::kChanges,
                       .rows = {}};
    for (const std::string& line : body_) expect.rows.push_back(row_line(line));
    return block(std::move(expect));
  }
  Result<Block> stop() { return block(StopBlock{std::string(head_)}); }
  Result<Block> crash() { return block(CrashBlock{}); }
  Result<Block> restore() { return block(RestoreBlock{}); }

  static constexpr Verb kVerbs[] = {
      {"statement", &BlockReader::statement}, {"query", &BlockReader::query},
      {"stream", &BlockReader::stream},       {"push", &BlockReader::push},
      {"file", &BlockReader::file},           {"barrier", &BlockReader::barrier},
      {"advance", &BlockReader::advance},     {"expect", &BlockReader::expect},
      {"stop", &BlockReader::stop},           {"crash", &BlockReader::crash},
      {"restore", &BlockReader::restore},
  };

  std::string_view head_;
  const Lines body_;
  const int line_;
  const std::string_view file_name_;
};

// The lines of a file; blocks are separated by empty ones.
class Reader {
 public:
  Reader(std::string_view text, std::string_view file_name) : file_name_(file_name) {
    for (size_t start = 0; start < text.size();) {
      const size_t end = std::min(text.find('\n', start), text.size());
      lines_.push_back(trim_right(text.substr(start, end - start)));
      start = end + 1;
    }
  }

  Result<std::vector<Block>> read() {
    std::vector<Block> blocks;
    for (at_ = 0; at_ < lines_.size();) {
      const std::string_view line = lines_[at_];
      if (line.empty() || line.starts_with('#')) {
        ++at_;
      } else if (line.starts_with("skip ")) {
        blocks.push_back(skip(line.substr(5)));
      } else {
        blocks.push_back(MILLRACE_TRY(block(line)));
      }
    }
    return blocks;
  }

 private:
  Block skip(std::string_view worlds) {
    SkipBlock skip;
    while (!worlds.empty()) skip.worlds.emplace_back(take_word(worlds));
    const int line = static_cast<int>(++at_);
    skip.rest_of_file = at_ >= lines_.size() || lines_[at_].empty();
    return {line, std::move(skip)};
  }
  Result<Block> block(std::string_view head) {
    const int line = static_cast<int>(++at_);
    Lines body;
    for (; at_ < lines_.size() && !lines_[at_].empty(); ++at_) body.emplace_back(lines_[at_]);
    return BlockReader(head, std::move(body), line, file_name_).read();
  }

  const std::string_view file_name_;
  std::vector<std::string_view> lines_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<Block>> parse_script(std::string_view text, std::string_view file_name) {
  return Reader(text, file_name).read();
}

}  // namespace millrace::slt
