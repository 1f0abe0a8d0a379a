// modules: base io record commit log

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "io/simulated_world.h"
#include "log/log_driver.h"
#include "log/recovery/replay.h"

namespace millrace::log {
namespace {

constexpr const char* kRing = "/data/ring";

// The ring of a log with a bit of everything in it.
Buffer written_ring(std::string& name) {
  io::SimulatedWorld world;
  {
    LogDriver driver(world.world());
    const commit::PartitionId partition = driver.make_partition("t", 0, 2);
    const auto job = driver.open_job("job");
    for (uint64_t epoch = 1; epoch <= 4; ++epoch) {
      (void)driver.append(partition, batch_of({std::string(100, 'a')}));
      auto unit = driver.begin(*job, epoch).value();
      (void)driver.stage(*unit, {partition.topic, 1}, batch_of({"b"}));
      commit::DeltaBuilder delta;
      delta.put(commit::KeyGroup(1), commit::StateId(1), "key", "value");
      (void)driver.stage_state(*unit, commit::TaskId(1), delta.finish());
      (void)driver.commit(*unit);
    }
    (void)driver.append(partition, batch_of({std::string(80'000, 'f')}));
  }
  name = std::string(kRing) + "/" + world.files().list(kRing).value().at(0);
  return io::read_file(world.files(), name).value();
}

// Input: changes of the ring, each a u24 offset, a length and bytes; a length with its highest bit
// set says that the header of the block shall get a matching checksum, so that the fuzzer comes
// further than the first comparison.
void change(std::byte* ring, size_t bytes, std::span<const std::byte> input) {
  while (input.size() >= 4) {
    const size_t offset = (load_le<uint32_t>(input.data()) & 0xFFFFFF) % bytes;
    const auto word = static_cast<uint8_t>(input[3]);
    const size_t length = std::min<size_t>({word & 0x7FU, input.size() - 4, bytes - offset});
    std::copy_n(input.data() + 4, length, ring + offset);
    input = input.subspan(4 + length);
    if ((word & 0x80) == 0) continue;
    std::byte* block = ring + offset / kBlockBytes * kBlockBytes;
    const auto header_bytes = load_le<uint32_t>(block + 44);
    if (header_bytes < kEntryHeaderBytesMin || header_bytes > kBlockBytes) continue;
    store_le<uint32_t>(block + 4, crc32c({block + 8, header_bytes - 8}));
  }
}

void recover(std::span<const std::byte> input) {
  static std::string name;
  static const Buffer valid = written_ring(name);
  Buffer ring = Buffer::copy_of(valid.span());
  change(ring.mutable_data(), ring.bytes(), input);
  io::SimulatedWorld world;
  io::FileSystem& files = world.files();
  MILLRACE_ASSERT(files.make_folders(kRing));
  MILLRACE_ASSERT(files.open(name, io::OpenMode::kCreate).value()->write_at(0, ring.span()));
  const auto ring_files = RingFiles::open(files, {.folder = kRing});
  const auto segments = SegmentStore::open(files, "/data/segments", true);
  Ledger ledger({});
  const auto recovered = Replay(**ring_files, **segments, ledger).run(std::nullopt);
  if (!recovered) MILLRACE_ASSERT(!recovered.error().place().empty());
}

}  // namespace
}  // namespace millrace::log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::log::recover({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
