#include "connectors/filesystem/block_reads.h"

#include <algorithm>

namespace millrace::connectors {

void BlockReads::request(formats::ByteRange range) {
  if (std::ranges::find(under_way_, range) != under_way_.end()) return;
  under_way_.push_back(range);
  executor_.post([self = shared_from_this(), range] { self->read(range); });
}

void BlockReads::read(formats::ByteRange range) {
  Buffer bytes = Buffer::allocate(range.bytes);
  Result<size_t> count = file_->read_at(range.offset, {bytes.mutable_data(), range.bytes});
  Result<Buffer> result = bytes;
  if (!count) {
    result = Error(count.error());
  } else if (*count != range.bytes) {
    result = Error(ErrorCode::kInputChanged, "the file became shorter while it was read")
                 .remedy("Read files that are complete.");
  }
  const std::lock_guard lock(mutex_);
  done_.push_back({range, std::move(result)});
  wake_();
}

std::vector<BlockReads::Block> BlockReads::take() {
  std::vector<Block> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(done_);
  }
  for (const Block& block : taken) std::erase(under_way_, block.range);
  return taken;
}

}  // namespace millrace::connectors
