#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::connectors {

// Manifest: what a forwarder has published to a folder: the position reached, and the parts that
// appear with it (docs/formats/file-manifest.md). Plain values.
struct Manifest {
  struct Part {
    uint64_t number = 0;
    std::string path;  // its final place, below the table's folder
    friend bool operator==(const Part&, const Part&) = default;
  };
  uint64_t next_part = 0;
  std::vector<int64_t> offsets;  // per partition of the outbox
  std::vector<Part> parts;

  std::string encode() const;
  // kCorruptState: not a manifest, or damaged.
  static Result<Manifest> decode(std::string_view text);
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

}  // namespace millrace::connectors
