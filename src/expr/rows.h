#pragma once

#include <cstdint>

namespace millrace::expr {

// Rows: which physical rows of a batch something is asked for. A view: whoever made it keeps the
// selection alive during the call.
struct Rows {
  uint32_t physical = 0;                // rows of every column
  uint32_t count = 0;                   // rows asked for
  const uint16_t* selection = nullptr;  // ascending; null: all physical rows

  static Rows all(uint32_t rows) { return {rows, rows, nullptr}; }
  bool is_all() const { return selection == nullptr; }
  // Worth computing every physical row for, where that is harmless and a tight loop does it.
  bool is_dense() const { return selection == nullptr || count >= physical / 4; }
  uint32_t operator[](uint32_t n) const { return selection != nullptr ? selection[n] : n; }

  // Visits the physical index of every row asked for, ascending.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (selection == nullptr) {
      for (uint32_t row = 0; row < physical; ++row) visit(row);
    } else {
      for (uint32_t n = 0; n < count; ++n) visit(uint32_t{selection[n]});
    }
  }
};

}  // namespace millrace::expr
