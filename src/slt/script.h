#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millrace::slt {

// What an .slt file says, block by block (README.md).

using Lines = std::vector<std::string>;

// What an error must be: its code, and a part of its text.
struct ExpectedError {
  std::string code;  // "MR-2006"
  std::string part;  // may be empty
};

struct StatementBlock {
  std::string sql;
  bool fails = false;
  ExpectedError error;  // where it fails
};
struct QueryBlock {
  std::string sql;
  bool sorted = false;  // rows in any order
  Lines rows;
};
struct StreamBlock {
  std::string name;
  std::string sql;
};
struct PushBlock {
  std::string target;  // a table, with columns perhaps
  Lines rows;          // expressions, separated by commas
};
struct FileBlock {
  std::string path;
  Lines lines;
};
struct BarrierBlock {};
struct AdvanceBlock {
  int64_t us = 0;
};
enum class Expected : uint8_t { kChanges, kFold };
struct ExpectBlock {
  std::string stream;
  Expected what = Expected::kChanges;
  Lines rows;
};
struct ExpectErrorBlock {
  std::string stream;
  ExpectedError error;
};
struct StopBlock {
  std::string stream;
};
struct CrashBlock {};
struct RestoreBlock {};
// Left out in these worlds: the block behind it, or the rest of the file.
struct SkipBlock {
  std::vector<std::string> worlds;
  bool rest_of_file = false;
};

struct Block {
  int line = 0;  // of its first word
  std::variant<StatementBlock, QueryBlock, StreamBlock, PushBlock, FileBlock, BarrierBlock,
               AdvanceBlock, ExpectBlock, ExpectErrorBlock, StopBlock, CrashBlock, RestoreBlock,
               SkipBlock>
      content;
};

// Failure: kSyntaxError with file and line.
Result<std::vector<Block>> parse_script(std::string_view text, std::string_view file_name);

}  // namespace millrace::slt
