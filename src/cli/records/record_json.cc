#include "cli/records/record_json.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <array>

#include "base/nearest.h"
#include "formats/base64.h"
#include "formats/json/json_text.h"
#include "formats/utf8.h"

namespace millrace::cli {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr auto kFields =
    std::to_array<std::string_view>({"topic", "partition", "offset", "timestamp", "key",
                                     "key_encoding", "value", "value_encoding", "headers"});
constexpr auto kHeaderFields =
    std::to_array<std::string_view>({"name", "value", "encoding", "name_encoding"});

// `"name":…`, and behind it how the bytes are written where that is not as text.
void append_bytes(std::string& to, std::string_view name, std::optional<std::string_view> bytes,
                  std::string_view encoding) {
  to += fmt::format("\"{}\":", name);
  if (!bytes) {
    to += "null";
  } else if (formats::is_utf8(*bytes)) {
    formats::append_json_string(to, *bytes);
  } else {
    to += '"';
    formats::append_base64(to, *bytes);
    to += fmt::format("\",\"{}\":\"base64\"", encoding);
  }
}

Error malformed(std::string text) {
  return {ErrorCode::kMalformedRow, std::move(text)};
}

Error unknown_field(std::string_view name, std::span<const std::string_view> known) {
  return malformed(fmt::format("a record has no field '{}'", name))
      .remedy(nearest_remedy(name, known));
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.remove_suffix(1);
  return text;
}

// What a field of bytes holds, before its encoding is known.
Result<std::optional<std::string>> read_bytes(ondemand::value value) {
  std::string_view text;
  if (value.is_null()) return std::nullopt;
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return malformed("a value is no JSON");
  auto failed = simdjson::SUCCESS;
  switch (type) {
    case ondemand::json_type::string:
      failed = value.get_string().get(text);
      break;
    case ondemand::json_type::object: {
      ondemand::object object;
      failed = value.get_object().get(object);
      if (failed == simdjson::SUCCESS) failed = object.raw_json().get(text);
      break;
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      failed = value.get_array().get(array);
      if (failed == simdjson::SUCCESS) failed = array.raw_json().get(text);
      break;
    }
    default:
      text = value.raw_json_token();
      break;
  }
  if (failed != simdjson::SUCCESS) return malformed(simdjson::error_message(failed));
  const bool quoted = type == ondemand::json_type::string;
  return std::optional<std::string>(std::string(quoted ? text : without_blanks(text)));
}

Result<void> apply_encoding(std::optional<std::string>& bytes, std::string_view encoding) {
  if (encoding.empty() || !bytes) return {};
  if (encoding != "base64") {
    return malformed(fmt::format("the encoding '{}' is not known", encoding))
        .remedy("It is base64, or left out for text.");
  }
  std::string decoded;
  if (!formats::append_from_base64(decoded, *bytes)) {
    return malformed(fmt::format("'{}' is not base64", *bytes));
  }
  bytes = std::move(decoded);
  return {};
}

template <class Number>
Result<Number> read_number(ondemand::value value, std::string_view name, Number none) {
  if (value.is_null()) return none;
  int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS && number >= -1 &&
      number <= std::numeric_limits<Number>::max()) {
    return static_cast<Number>(number);
  }
  return malformed(fmt::format("'{}' is no whole number that fits", name));
}

Result<std::string> read_text(ondemand::value value, std::string_view name) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    return malformed(fmt::format("'{}' is no text", name));
  }
  return std::string(text);
}

}  // namespace

// Goes once through the members of the object.
class RecordJsonReader {
 public:
  Result<GivenRecord> read(std::string_view json) {
    if (!formats::is_json(json)) return malformed("the line is no JSON object");
    const simdjson::padded_string padded(json);
    ondemand::document document;
    ondemand::object object;
    if (parser_.iterate(padded).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
      return malformed("the line is no JSON object");
    }
    for (auto field : object) {
      std::string_view name;
      ondemand::value value;
      if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return malformed("the line is no JSON object");
      }
      MILLRACE_TRY(read_field(std::string(name), value));
    }
    MILLRACE_TRY(apply_encoding(record_.key_, key_encoding_));
    MILLRACE_TRY(apply_encoding(record_.value_, value_encoding_));
    return std::move(record_);
  }

 private:
  Result<void> read_field(const std::string& name, ondemand::value value) {
    if (name == "topic" || name == "offset") return {};
    if (name == "partition") {
      record_.partition_ = MILLRACE_TRY(read_number<int32_t>(value, name, -1));
    } else if (name == "timestamp") {
      record_.timestamp_ms_ = MILLRACE_TRY(read_number<int64_t>(value, name, -1));
    } else if (name == "key") {
      record_.key_ = MILLRACE_TRY(read_bytes(value));
    } else if (name == "value") {
      record_.value_ = MILLRACE_TRY(read_bytes(value));
    } else if (name == "key_encoding") {
      key_encoding_ = MILLRACE_TRY(read_text(value, name));
    } else if (name == "value_encoding") {
      value_encoding_ = MILLRACE_TRY(read_text(value, name));
    } else if (name == "headers") {
      return read_headers(value);
    } else {
      return unknown_field(name, kFields);
    }
    return {};
  }

  Result<void> read_headers(ondemand::value value) {
    ondemand::array headers;
    if (value.is_null()) return {};
    if (value.get_array().get(headers) != simdjson::SUCCESS) {
      return malformed("'headers' is no array");
    }
    for (auto element : headers) {
      ondemand::object header;
      if (element.get_object().get(header) != simdjson::SUCCESS) {
        return malformed("a header is no object with name and value");
      }
      MILLRACE_TRY(read_header(header));
    }
    return {};
  }

  Result<void> read_header(ondemand::object header) {
    GivenRecord::Header read;
    std::optional<std::string> given;
    std::string encoding, name_encoding;
    for (auto field : header) {
      std::string_view unescaped;
      ondemand::value value;
      if (field.unescaped_key().get(unescaped) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return malformed("a header is no object with name and value");
      }
      const std::string name(unescaped);
      if (name == "name") {
        given = MILLRACE_TRY(read_text(value, name));
      } else if (name == "value") {
        read.value = MILLRACE_TRY(read_bytes(value));
      } else if (name == "encoding") {
        encoding = MILLRACE_TRY(read_text(value, name));
      } else if (name == "name_encoding") {
        name_encoding = MILLRACE_TRY(read_text(value, name));
      } else {
        return unknown_field(name, kHeaderFields);
      }
    }
    if (!given) return malformed("a header has no name");
    MILLRACE_TRY(apply_encoding(given, name_encoding));
    read.name = *std::move(given);
    MILLRACE_TRY(apply_encoding(read.value, encoding));
    record_.headers_.push_back(std::move(read));
    return {};
  }

  ondemand::parser parser_;
  GivenRecord record_;
  std::string key_encoding_;
  std::string value_encoding_;
};

void append_record_json(std::string& to, const ClientRecord& record) {
  to += "{\"topic\":";
  formats::append_json_string(to, record.topic);
  to += fmt::format(",\"partition\":{},\"offset\":{},\"timestamp\":{},", record.partition,
                    record.offset, record.timestamp_ms);
  append_bytes(to, "key", record.key, "key_encoding");
  to += ',';
  append_bytes(to, "value", record.value, "value_encoding");
  to += ",\"headers\":[";
  for (size_t at = 0; at < record.headers.size(); ++at) {
    const auto& [name, value] = record.headers[at];
    to += at == 0 ? "{" : ",{";
    append_bytes(to, "name", name, "name_encoding");
    to += ',';
    append_bytes(to, "value", value, "encoding");
    to += '}';
  }
  to += "]}";
}

Result<GivenRecord> GivenRecord::parse(std::string_view json) {
  return RecordJsonReader().read(json);
}

ClientRecord GivenRecord::record() const {
  ClientRecord record{.partition = partition_, .timestamp_ms = timestamp_ms_, .headers = {}};
  if (key_) record.key = *key_;
  if (value_) record.value = *value_;
  for (const Header& header : headers_) {
    record.headers.emplace_back(
        header.name, header.value ? std::optional<std::string_view>(*header.value) : std::nullopt);
  }
  return record;
}

}  // namespace millrace::cli
