#include "connectors/filesystem/part_file.h"

namespace millrace::connectors {
namespace {

constexpr size_t kBufferBytes = 1 << 20;

}  // namespace

Result<void> PartFile::write(const data::Batch& batch) {
  MILLRACE_TRY(encoder_->append(batch, buffer_));
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> PartFile::close() {
  MILLRACE_TRY(encoder_->finish(buffer_));
  MILLRACE_TRY(flush());
  MILLRACE_TRY(file_->sync());
  file_.reset();
  return {};
}

Result<void> PartFile::flush() {
  if (buffer_.empty()) return {};
  MILLRACE_TRY(file_->write_at(written_, std::as_bytes(std::span(buffer_))));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

}  // namespace millrace::connectors
