#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/kafka_client/client_record.h"

namespace millrace::cli {

// \n, \r, \t, \xHH and \\ as the bytes they stand for.
std::string unescape(std::string_view text);

// A line per record as kcat writes it: %k key, %v or %s value, %o offset, %p partition, %T
// timestamp in ms, %t topic, %S bytes of the value, %K of the key, %h headers, %% a percent sign;
// and what unescape knows.
//
// Failure of check: kInvalidOption naming the letter.
Result<void> check_record_format(std::string_view format);
void append_record(std::string& to, std::string_view format, const ClientRecord& record);

}  // namespace millrace::cli
