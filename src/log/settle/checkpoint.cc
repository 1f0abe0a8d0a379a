#include "log/settle/checkpoint.h"

#include <fmt/core.h>

#include <charconv>

#include "base/crc32c.h"
#include "base/endian.h"
#include "commit/byte_codec.h"

namespace millrace::log {

using commit::ByteReader;
using commit::ByteWriter;

namespace {

constexpr uint32_t kMagic = 0x3343524D;                     // "MRC3"
constexpr uint32_t kMagicWithoutEpochs = 0x3243524D;        // "MRC2"
constexpr uint32_t kMagicWithoutTransactions = 0x3143524D;  // "MRC1": nor epochs
constexpr size_t kHeadBytes = 8;
constexpr size_t kMachineBytesMin = 16;
constexpr size_t kPartitionBytesMin = 29;
constexpr size_t kEpochBytes = 12;
constexpr size_t kSegmentBytesMin = 24;
constexpr size_t kBaseBytes = 20;
constexpr size_t kJobBytesMin = 13;
constexpr size_t kStateBytes = 33;
constexpr size_t kUnitBytesMin = 32;
constexpr size_t kRefBytes = 36;

void put(ByteWriter& to, commit::PartitionId id) {
  to.number(id.topic.value());
  to.number(id.index);
}

commit::PartitionId take_partition(ByteReader& from) {
  const commit::TopicId topic(from.number<uint64_t>());
  return {topic, from.number<uint32_t>()};
}

void put(ByteWriter& to, const SegmentName& name) {
  to.number(name.number);
  to.number(name.bytes);
  to.number(name.footer_crc);
}

SegmentName take_segment(ByteReader& from) {
  SegmentName name;
  name.number = from.number<uint64_t>();
  name.bytes = from.number<uint64_t>();
  name.footer_crc = from.number<uint32_t>();
  return name;
}

template <class T, class Put>
void put_all(ByteWriter& to, const std::vector<T>& items, Put put_one) {
  to.number(static_cast<uint32_t>(items.size()));
  for (const T& item : items) put_one(item);
}

template <class T, class Take>
void take_all(ByteReader& from, std::vector<T>& items, size_t bytes_min, Take take_one) {
  for (auto left = from.count(bytes_min); left > 0; --left) items.push_back(take_one());
}

void put_head(ByteWriter& to, const Checkpoint& checkpoint) {
  to.number(checkpoint.generation);
  to.number(checkpoint.node_generation);
  to.number(checkpoint.settled.value());
  to.number(checkpoint.point.address);
  to.number(checkpoint.point.next_lsn.value());
  to.number(checkpoint.point.lap);
  to.number(checkpoint.point.previous_header_crc);
  to.number(checkpoint.next_segment);
}

void take_head(ByteReader& from, Checkpoint& checkpoint) {
  checkpoint.generation = from.number<uint64_t>();
  checkpoint.node_generation = from.number<uint32_t>();
  checkpoint.settled = commit::Lsn(from.number<uint64_t>());
  checkpoint.point.address = from.number<uint64_t>();
  checkpoint.point.next_lsn = commit::Lsn(from.number<uint64_t>());
  checkpoint.point.lap = from.number<uint32_t>();
  checkpoint.point.previous_header_crc = from.number<uint32_t>();
  checkpoint.next_segment = from.number<uint64_t>();
}

std::string encode(const Checkpoint& checkpoint) {
  ByteWriter to;
  put_head(to, checkpoint);
  put_all(to, checkpoint.machines, [&](const Checkpoint::Machine& machine) {
    to.bytes(machine.tag);
    to.number(machine.version);
    to.bytes(machine.snapshot);
  });
  put_all(to, checkpoint.partitions, [&](const Checkpoint::PartitionEnds& ends) {
    put(to, ends.id);
    to.number(ends.start_offset);
    to.number(ends.end_offset);
    to.number(static_cast<uint8_t>(ends.quarantined));
    to.bytes(ends.transactions);
    put_all(to, ends.epochs, [&](const commit::LeaderEpochs::Start& start) {
      to.number(start.epoch);
      to.number(start.offset);
    });
  });
  put_all(to, checkpoint.segments, [&](const Checkpoint::SegmentUse& use) {
    put(to, use.name);
    put_all(to, use.bases, [&](const Checkpoint::Base& base) {
      put(to, base.partition);
      to.number(base.base_offset);
    });
  });
  put_all(to, checkpoint.jobs, [&](const Checkpoint::JobState& job) {
    to.number(job.job.value());
    to.number(static_cast<uint8_t>(job.quarantined));
    put_all(to, job.pieces, [&](const Checkpoint::StateUse& use) {
      to.number(use.task.value());
      to.number(use.first_epoch.value());
      to.number(use.last_epoch.value());
      to.number(static_cast<uint8_t>(use.snapshot));
      to.number(use.segment);
    });
  });
  put_all(to, checkpoint.open_units, [&](const Checkpoint::OpenUnitRefs& open) {
    to.number(open.unit.job.value());
    to.number(open.unit.incarnation.value());
    to.number(open.unit.epoch.value());
    to.number(open.unit.participant.value());
    put_all(to, open.refs, [&](const StageRefBody& ref) {
      put(to, ref.segment);
      to.number(ref.first_sequence);
      to.number(ref.last_sequence);
    });
  });
  return to.take();
}

Checkpoint::PartitionEnds take_ends(ByteReader& from, uint32_t magic) {
  Checkpoint::PartitionEnds ends;
  ends.id = take_partition(from);
  ends.start_offset = from.number<int64_t>();
  ends.end_offset = from.number<int64_t>();
  ends.quarantined = from.number<uint8_t>() != 0;
  if (magic != kMagicWithoutTransactions) ends.transactions = from.bytes();
  if (magic == kMagic) {
    take_all(from, ends.epochs, kEpochBytes, [&] {
      const auto epoch = from.number<int32_t>();
      return commit::LeaderEpochs::Start{epoch, from.number<int64_t>()};
    });
  } else if (ends.end_offset > ends.start_offset) {
    ends.epochs = {{0, ends.start_offset}};
  }
  return ends;
}

Checkpoint::JobState take_job(ByteReader& from) {
  Checkpoint::JobState job;
  job.job = commit::JobId(from.number<uint64_t>());
  job.quarantined = from.number<uint8_t>() != 0;
  take_all(from, job.pieces, kStateBytes, [&] {
    Checkpoint::StateUse use;
    use.task = commit::TaskId(from.number<uint64_t>());
    use.first_epoch = commit::Epoch(from.number<uint64_t>());
    use.last_epoch = commit::Epoch(from.number<uint64_t>());
    use.snapshot = from.number<uint8_t>() != 0;
    use.segment = from.number<uint64_t>();
    return use;
  });
  return job;
}

Checkpoint::OpenUnitRefs take_unit(ByteReader& from) {
  Checkpoint::OpenUnitRefs open;
  open.unit.job = commit::JobId(from.number<uint64_t>());
  open.unit.incarnation = commit::Incarnation(from.number<uint64_t>());
  open.unit.epoch = commit::Epoch(from.number<uint64_t>());
  open.unit.participant = commit::Participant(from.number<uint32_t>());
  take_all(from, open.refs, kRefBytes, [&] {
    StageRefBody ref;
    ref.segment = take_segment(from);
    ref.first_sequence = from.number<uint64_t>();
    ref.last_sequence = from.number<uint64_t>();
    return ref;
  });
  return open;
}

std::optional<Checkpoint> decode(std::string_view content) {
  if (content.size() < kHeadBytes) return std::nullopt;
  const auto magic = load_le<uint32_t>(content.data());
  if (magic != kMagic && magic != kMagicWithoutEpochs && magic != kMagicWithoutTransactions) {
    return std::nullopt;
  }
  const std::string_view body = content.substr(kHeadBytes);
  if (load_le<uint32_t>(content.data() + 4) != crc32c(std::as_bytes(std::span(body)))) {
    return std::nullopt;
  }
  ByteReader from(body);
  Checkpoint checkpoint;
  take_head(from, checkpoint);
  take_all(from, checkpoint.machines, kMachineBytesMin, [&] {
    Checkpoint::Machine machine;
    machine.tag = from.bytes();
    machine.version = from.number<uint64_t>();
    machine.snapshot = from.bytes();
    return machine;
  });
  take_all(from, checkpoint.partitions, kPartitionBytesMin, [&] { return take_ends(from, magic); });
  take_all(from, checkpoint.segments, kSegmentBytesMin, [&] {
    Checkpoint::SegmentUse use;
    use.name = take_segment(from);
    take_all(from, use.bases, kBaseBytes, [&] {
      const commit::PartitionId partition = take_partition(from);
      return Checkpoint::Base{partition, from.number<int64_t>()};
    });
    return use;
  });
  take_all(from, checkpoint.jobs, kJobBytesMin, [&] { return take_job(from); });
  take_all(from, checkpoint.open_units, kUnitBytesMin, [&] { return take_unit(from); });
  if (!from.finished()) return std::nullopt;
  return checkpoint;
}

}  // namespace

std::string checkpoint_path(const std::string& folder, uint64_t generation) {
  return io::join_path(folder, fmt::format("{:016x}", generation));
}

Result<uint32_t> write_checkpoint(io::FileSystem& files, const std::string& folder,
                                  const Checkpoint& checkpoint) {
  const std::string body = encode(checkpoint);
  const uint32_t crc = crc32c(std::as_bytes(std::span(body)));
  std::string content(kHeadBytes, '\0');
  store_le<uint32_t>(content.data(), kMagic);
  store_le<uint32_t>(content.data() + 4, crc);
  content += body;
  MILLRACE_TRY(io::replace_file(files, checkpoint_path(folder, checkpoint.generation),
                                std::as_bytes(std::span(content))));
  return crc;
}

Result<std::vector<uint64_t>> checkpoint_generations(io::FileSystem& files,
                                                     const std::string& folder) {
  std::vector<uint64_t> found;
  for (const std::string& name : MILLRACE_TRY(files.list(folder))) {
    uint64_t generation = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, generation, 16);
    if (parsed.ec == std::errc() && parsed.ptr == end) found.push_back(generation);
  }
  return found;
}

Result<Checkpoint> read_checkpoint(io::FileSystem& files, const std::string& folder,
                                   uint64_t generation) {
  const std::string path = checkpoint_path(folder, generation);
  const Buffer content = MILLRACE_TRY(io::read_file(files, path));
  auto checkpoint = decode(content.view());
  if (checkpoint && checkpoint->generation == generation) return std::move(*checkpoint);
  return Error(ErrorCode::kRingDamaged, "the checkpoint does not match its checksum")
      .at(path)
      .remedy("Restore the data directory from a backup.");
}

Result<std::optional<Checkpoint>> load_checkpoint(io::FileSystem& files,
                                                  const std::string& folder) {
  const std::vector<uint64_t> found = MILLRACE_TRY(checkpoint_generations(files, folder));
  std::optional<Error> newest;
  for (auto generation = found.rbegin(); generation != found.rend(); ++generation) {
    auto checkpoint = read_checkpoint(files, folder, *generation);
    if (checkpoint) return std::move(*checkpoint);
    if (checkpoint.error().code() != ErrorCode::kRingDamaged) return checkpoint.error();
    if (!newest) newest = std::move(checkpoint.error());
  }
  if (newest) return std::move(*newest);
  return std::nullopt;
}

Result<void> remove_older_checkpoints(io::FileSystem& files, const std::string& folder,
                                      uint64_t generation) {
  for (const uint64_t found : MILLRACE_TRY(checkpoint_generations(files, folder))) {
    if (found < generation) MILLRACE_TRY(files.remove(checkpoint_path(folder, found)));
  }
  return {};
}

}  // namespace millrace::log
