#include "log/ring/group_builder.h"

#include "base/assert.h"

namespace millrace::log {
namespace {

alignas(64) constexpr std::byte kZeroes[kBlockBytes] = {};

}  // namespace

GroupBuilder::GroupBuilder(uint64_t group_bytes_max)
    : headers_(Buffer::allocate(group_bytes_max)) {}

void GroupBuilder::begin(RingSpace::Place place, RingPoint before, commit::Lsn durable,
                         uint32_t generation) {
  place_ = place;
  before_ = before;
  durable_ = durable;
  generation_ = generation;
  first_lsn_ = next_lsn_ = before.next_lsn;
  previous_crc_ = before.previous_header_crc;
  bytes_ = 0;
  headers_bytes_ = 0;
  pieces_.clear();
  open_at_ = nullptr;
}

void GroupBuilder::close_header(bool last) {
  if (last) open_.flags |= kLastOfGroup;
  open_.previous_header_crc = previous_crc_;
  previous_crc_ = encode_header(open_, open_at_);
}

uint64_t GroupBuilder::add(EntryHeader header, std::span<const std::span<const std::byte>> body) {
  MILLRACE_ASSERT(fits(header));
  if (open_at_ != nullptr) close_header(false);
  header.lsn = next_lsn_;
  header.durable_lsn = durable_;
  header.generation = generation_;
  header.lap = place_.lap;
  if (open_at_ == nullptr) header.flags |= kFirstOfGroup;
  const size_t header_bytes = header.header_bytes();
  const uint64_t entry_bytes = header.entry_bytes();
  open_at_ = headers_.mutable_data() + headers_bytes_;
  headers_bytes_ += header_bytes;
  pieces_.emplace_back(open_at_, header_bytes);
  pieces_.insert(pieces_.end(), body.begin(), body.end());
  const size_t padding = entry_bytes - header_bytes - header.body_bytes;
  if (padding != 0) pieces_.emplace_back(kZeroes, padding);
  const uint64_t body_address = place_.address + bytes_ + header_bytes;
  bytes_ += entry_bytes;
  next_lsn_ = next_lsn_.next();
  open_ = std::move(header);
  return body_address;
}

GroupRecord GroupBuilder::finish() {
  close_header(true);
  end_ = {place_.address + bytes_, place_.lap, previous_crc_, next_lsn_};
  const uint64_t whole = round_up(bytes_, kBlockBytes);
  if (whole != bytes_) pieces_.emplace_back(kZeroes, whole - bytes_);
  return {first_lsn_, commit::Lsn(next_lsn_.value() - 1), place_.address, whole, before_};
}

}  // namespace millrace::log
