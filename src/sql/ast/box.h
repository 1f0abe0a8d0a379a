#pragma once

#include <memory>
#include <utility>

namespace millrace::sql {

// Box<T>: a T of one's own on the heap, copied with its owner; what makes the tree recursive. Empty
// where the text has nothing in this place.
//
// Ownership:  sole; a copy is deep. T must be complete where a Box<T> is copied or destroyed: a
//             file that does so includes sql/ast/statement.h (or query.h for a query or an
//             expression).
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) *this = Box(other);
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;

  explicit operator bool() const { return value_ != nullptr; }
  // REQUIRES: not empty.
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  friend bool operator==(const Box& a, const Box& b) {
    return a.value_ && b.value_ ? *a.value_ == *b.value_ : a.value_ == b.value_;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace millrace::sql
