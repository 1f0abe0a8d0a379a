#include "cli/records/record_format.h"

#include <fmt/core.h>

namespace millrace::cli {
namespace {

constexpr std::string_view kLetters = "kvsopTtSKh%";

void append_headers(std::string& to, const std::vector<ClientRecord::Header>& headers) {
  bool first = true;
  for (const auto& [name, value] : headers) {
    if (!std::exchange(first, false)) to += ',';
    to += fmt::format("{}={}", name, value.value_or("NULL"));
  }
}

void append_field(std::string& to, char letter, const ClientRecord& record) {
  switch (letter) {
    case 'k':
      to += record.key.value_or("NULL");
      break;
    case 'v':
    case 's':
      to += record.value.value_or("NULL");
      break;
    case 'o':
      to += std::to_string(record.offset);
      break;
    case 'p':
      to += std::to_string(record.partition);
      break;
    case 'T':
      to += std::to_string(record.timestamp_ms);
      break;
    case 't':
      to += record.topic;
      break;
    case 'S':
      to += record.value ? std::to_string(record.value->size()) : "-1";
      break;
    case 'K':
      to += record.key ? std::to_string(record.key->size()) : "-1";
      break;
    case 'h':
      append_headers(to, record.headers);
      break;
    default:
      to += '%';
      break;
  }
}

int digit_of(char c) {
  const auto place = std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? c + 32 : c);
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

// `rest` stands behind a backslash; returns how many characters of it were read.
size_t append_escape(std::string& to, std::string_view rest) {
  switch (rest.front()) {
    case 'n':
      to += '\n';
      return 1;
    case 't':
      to += '\t';
      return 1;
    case 'r':
      to += '\r';
      return 1;
    case 'x':
      if (rest.size() > 2 && digit_of(rest[1]) >= 0 && digit_of(rest[2]) >= 0) {
        to += static_cast<char>(digit_of(rest[1]) * 16 + digit_of(rest[2]));
        return 3;
      }
      break;
    default:
      break;
  }
  to += rest.front();
  return 1;
}

}  // namespace

std::string unescape(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      at += append_escape(bytes, text.substr(at + 1));
    } else {
      bytes += text[at];
    }
  }
  return bytes;
}

Result<void> check_record_format(std::string_view format) {
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 2)) {
    if (at + 1 < format.size() && kLetters.contains(format[at + 1])) continue;
    const size_t letters = at + 1 < format.size() && format[at + 1] != '\n' ? 2 : 1;
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("'{}' is no part of a record", format.substr(at, letters)))
        .at("--format")
        .remedy("Known are %k %v %s %o %p %T %t %S %K %h and %%.");
  }
  return {};
}

void append_record(std::string& to, std::string_view format, const ClientRecord& record) {
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] == '%' && at + 1 < format.size()) {
      append_field(to, format[++at], record);
    } else if (format[at] == '\\' && at + 1 < format.size()) {
      at += append_escape(to, format.substr(at + 1));
    } else {
      to += format[at];
    }
  }
}

}  // namespace millrace::cli
