#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace millrace {

// Result<T>: a T, or the Error that explains why there is none. An Error converts implicitly, so
// that `return Error(ErrorCode::kFileNotFound, …)` is all a failing function writes.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  Result(Error error) : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

template <>
class [[nodiscard]] Result<void> : public std::expected<void, Error> {
 public:
  using std::expected<void, Error>::expected;
  Result(Error error) : std::expected<void, Error>(std::unexpect, std::move(error)) {}
};

namespace internal {

template <class T>
T take_value(Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace internal

}  // namespace millrace

// The value of a Result<T>, or return its error from the enclosing function (which returns a
// Result): `Schema schema = MILLRACE_TRY(read_schema(file));`
// It stands alone or first in its expression: the compiler does not destroy what was made before it
// in the same expression when it returns.
#define MILLRACE_TRY(expression)                                        \
  ({                                                                    \
    auto millrace_try_result = (expression);                            \
    if (!millrace_try_result) [[unlikely]]                              \
      return ::millrace::Error(std::move(millrace_try_result).error()); \
    ::millrace::internal::take_value(millrace_try_result);              \
  })
