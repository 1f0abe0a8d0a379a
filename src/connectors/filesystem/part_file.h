#pragma once

#include <memory>
#include <string>

#include "formats/format.h"
#include "io/file_system.h"

namespace millrace::connectors {

// PartFile: one file that is being written, still hidden.
//
// Threading:  confined to one task; calls may block.
// Order:      write*, close, once. Failure: the part is of no use.
class PartFile {
 public:
  PartFile(std::unique_ptr<io::File> file, std::unique_ptr<formats::FileEncoder> encoder)
      : file_(std::move(file)), encoder_(std::move(encoder)) {}

  Result<void> write(const data::Batch& batch);
  // The file is whole and on disk when it returns.
  Result<void> close();
  uint64_t bytes() const { return written_ + buffer_.size() + encoder_->held_bytes(); }

 private:
  Result<void> flush();

  std::unique_ptr<io::File> file_;
  const std::unique_ptr<formats::FileEncoder> encoder_;
  std::string buffer_;
  uint64_t written_ = 0;
};

}  // namespace millrace::connectors
