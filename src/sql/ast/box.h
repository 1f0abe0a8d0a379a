#pragma once

#include <utility>

namespace millrace::sql {

// Box<T>: a T of one's own on the heap, copied with its owner; what makes the tree recursive. Empty
// where the text has nothing in this place.
//
// Copying, comparing and destroying a tree are compiled once, in compiled_once.cc, which lists
// every T; else each file that looks at a statement would make all of them again.
//
// Ownership:  sole; a copy is deep.
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value);
  Box(const Box& other);
  Box(Box&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Box& operator=(const Box& other) {
    if (this != &other) *this = Box(other);
    return *this;
  }
  Box& operator=(Box&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Box();

  explicit operator bool() const { return value_ != nullptr; }
  // REQUIRES: not empty.
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_; }
  const T* operator->() const { return value_; }

  friend bool operator==(const Box& a, const Box& b) { return a.equals(b); }

 private:
  bool equals(const Box& other) const;

  T* value_ = nullptr;
};

}  // namespace millrace::sql
