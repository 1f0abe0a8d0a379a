#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>

namespace millrace::kafka {

// 16 raw bytes; all zero: none.
struct Uuid {
  std::array<std::byte, 16> raw{};

  bool empty() const { return *this == Uuid(); }
  // The 22 characters of its URL-safe base64 form.
  std::string to_string() const;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace millrace::kafka
