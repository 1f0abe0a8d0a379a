#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::cli {

// RecordInput: what files, or stdin, hold between delimiters.
//
// Threading:  confined to one thread.
// Ownership:  the file system outlives it.
// Failure:    kFileNotFound, kIoFailed …: of a file, at its name.
class RecordInput {
 public:
  // No files, or one named "-": stdin. An empty delimiter: each file is one record.
  RecordInput(io::FileSystem& files, std::vector<std::string> names, std::string delimiter);

  enum class Step : uint8_t {
    kRecord,
    kWait,  // stdin has nothing for now
    kEnd,
  };
  // A record without its delimiter; the last one of a file may do without. Waits for stdin.
  Result<Step> next(std::string& record, int wait_ms);
  // Where the record that came as the `index`th stands: "stdin:17".
  std::string place_of(uint64_t index) const;

 private:
  Result<Step> fill(int wait_ms);
  Result<Step> fill_from_stdin(int wait_ms);
  Result<void> open_next();

  io::FileSystem& files_;
  std::vector<std::string> names_;
  const std::string delimiter_;
  size_t file_ = 0;  // among the names
  bool open_ = false;
  bool ended_ = false;                 // the file that is open
  std::unique_ptr<io::File> content_;  // null: stdin
  uint64_t position_ = 0;
  std::string buffer_;
  size_t begin_ = 0;              // of what is not yet returned
  size_t searched_ = 0;           // up to where there is no delimiter
  uint64_t count_ = 0;            // of records returned
  std::vector<uint64_t> firsts_;  // of the files begun: their first records
};

}  // namespace millrace::cli
