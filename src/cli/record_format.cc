#include "cli/record_format.h"

#include <fmt/core.h>

namespace millrace::cli {
namespace {

constexpr std::string_view kLetters = "kvsopTtSKh%";

void append_headers(std::string& to, const record::RecordHeaders& headers) {
  bool first = true;
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    if (!std::exchange(first, false)) to += ',';
    to += fmt::format("{}={}", header->key, header->value.value_or("NULL"));
  }
}

void append_field(std::string& to, char letter, const record::Record& record,
                  std::string_view topic, uint32_t partition) {
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
      to += std::to_string(partition);
      break;
    case 'T':
      to += std::to_string(record.timestamp_ms);
      break;
    case 't':
      to += topic;
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

char unescaped(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    default:
      return letter;
  }
}

}  // namespace

Result<void> check_record_format(std::string_view format) {
  for (size_t at = format.find('%'); at != std::string_view::npos; at = format.find('%', at + 2)) {
    if (at + 1 < format.size() && kLetters.contains(format[at + 1])) continue;
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("'{}' is no part of a record", format.substr(at, 2)))
        .at("--format")
        .remedy("Known are %k %v %o %p %T %t %S %K %h and %%.");
  }
  return {};
}

void append_record(std::string& to, std::string_view format, const record::Record& record,
                   std::string_view topic, uint32_t partition) {
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] == '%' && at + 1 < format.size()) {
      append_field(to, format[++at], record, topic, partition);
    } else if (format[at] == '\\' && at + 1 < format.size()) {
      to += unescaped(format[++at]);
    } else {
      to += format[at];
    }
  }
}

}  // namespace millrace::cli
