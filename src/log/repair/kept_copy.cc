#include "log/repair/kept_copy.h"

#include <fmt/core.h>

#include "log/data_format.h"

namespace millrace::log {

Result<KeptCopy> KeptCopy::make(io::FileSystem& files, const std::string& data,
                                FileCarrier& carrier) {
  const std::string all = io::join_path(data, "given-up");
  MILLRACE_TRY(files.make_folders(all));
  uint64_t number = 1;
  while (files.stat(io::join_path(all, std::to_string(number)))) ++number;
  KeptCopy copy(files, data, io::join_path(all, std::to_string(number)), carrier);
  for (const char* folder : {"segments", "checkpoint", "ring"}) {
    MILLRACE_TRY(files.make_folders(io::join_path(copy.folder_, folder)));
  }
  for (const std::string_view name : {kFormatName, kGenerationName}) {
    MILLRACE_TRY(copy.add(std::string(name)));
  }
  MILLRACE_TRY(copy.add_all_of("checkpoint"));
  MILLRACE_TRY(copy.add_all_of("ring"));
  MILLRACE_TRY(files.sync_folder(copy.folder_));
  return copy;
}

Result<void> KeptCopy::add_segment(uint64_t number) {
  MILLRACE_TRY(add(io::join_path("segments", fmt::format("{:016x}", number))));
  return files_->sync_folder(io::join_path(folder_, "segments"));
}

Result<void> KeptCopy::add_all_of(const std::string& name) {
  const auto found = files_->list(io::join_path(data_, name));
  if (!found && found.error().code() == ErrorCode::kFileNotFound) return {};
  if (!found) return found.error();
  for (const std::string& file : *found) MILLRACE_TRY(add(io::join_path(name, file)));
  return files_->sync_folder(io::join_path(folder_, name));
}

Result<void> KeptCopy::add(const std::string& name) {
  auto from = files_->open(io::join_path(data_, name), io::OpenMode::kRead);
  if (!from && from.error().code() == ErrorCode::kFileNotFound) return {};
  if (!from) return from.error();
  const uint64_t bytes = MILLRACE_TRY((*from)->size());
  MILLRACE_TRY(carrier_->copy(**from, bytes, io::join_path(folder_, name)));
  return {};
}

}  // namespace millrace::log
