#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace millrace {

// StrongId: a number that names something and cannot be mistaken for a number that names something
// else. `using Epoch = StrongId<struct EpochTag, uint64_t>;`. No implicit way in or out.
template <class Tag, class Rep>
class StrongId {
 public:
  using rep = Rep;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr StrongId next() const { return StrongId(static_cast<Rep>(value_ + 1)); }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Rep value_{};
};

}  // namespace millrace

template <class Tag, class Rep>
struct std::hash<millrace::StrongId<Tag, Rep>> {
  std::size_t operator()(millrace::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
