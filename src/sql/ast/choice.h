#pragma once

#include <variant>

namespace millrace::sql {

// Choice<T...>: a variant whose copy, comparison and destruction are compiled once, in
// compiled_once.cc, which lists every Choice; else each file that looks at a statement would make
// all of them again.
template <class... T>
class Choice : public std::variant<T...> {
 public:
  using Base = std::variant<T...>;
  using Base::Base;
  Choice() = default;
  Choice(const Choice& other);
  Choice(Choice&& other) noexcept;
  Choice& operator=(const Choice& other);
  Choice& operator=(Choice&& other) noexcept;
  ~Choice();

  friend bool operator==(const Choice& a, const Choice& b) { return a.equals(b); }

 private:
  bool equals(const Choice& other) const;
};

}  // namespace millrace::sql
