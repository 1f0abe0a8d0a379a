#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace::sql {

// Keyword: a word of the grammar, and where it can also be a name without quotes.
struct Keyword {
  std::string_view word;  // upper case
  enum class Use : unsigned char {
    kReserved,  // never a name; quoted by the printer
    kClause,    // a name, but no alias without AS, because it may begin the next clause
    kOpening,  // a name, but quoted by the printer: where a name may stand it can begin a construct
    kFree,     // a name
  } use;
};

// All of them, in order of their words.
std::span<const Keyword> keywords();

// The keyword that `word` is, in any case; null where it is none.
const Keyword* find_keyword(std::string_view word);
bool is_reserved(std::string_view word);

// Whether two words are equal without regard to the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);
// ASCII letters in upper case.
std::string upper_word(std::string_view word);

}  // namespace millrace::sql
