#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace millrace::log {

// KeyOffsets: the newest offset of each key, in bounded memory. Keys are compared byte by byte, not
// by a hash of them: no record goes because its key resembles another one.
//
// Threading:  confined to one task.
class KeyOffsets {
 public:
  explicit KeyOffsets(size_t bytes_max);

  // Whether a key of `key_bytes` that is not there yet would exceed the bound.
  bool room_for(size_t key_bytes) const;
  // Takes the key, beyond the bound, too; offsets never fall.
  void put(std::string_view key, int64_t offset);
  std::optional<int64_t> find(std::string_view key) const;

  size_t keys() const { return used_; }
  size_t bytes() const { return slots_.size() * sizeof(Slot) + keys_.capacity(); }

 private:
  struct Slot {
    uint64_t key_at = 0;  // in keys_, plus 1; 0: free
    int64_t offset = 0;
    uint32_t key_bytes = 0;
    uint32_t tag = 0;  // a part of the hash
  };
  // Where the key stands, or would.
  size_t slot_of(std::string_view key, uint64_t hash) const;
  std::string_view key_of(const Slot& slot) const {
    return {keys_.data() + slot.key_at - 1, slot.key_bytes};
  }
  void grow();

  const size_t bytes_max_;
  std::vector<Slot> slots_;
  std::vector<char> keys_;  // one behind the other
  size_t used_ = 0;
};

}  // namespace millrace::log
