#pragma once

#include <string>

#include "http/message.h"

namespace millrace::http {

// The bytes of a response. `head_only`: without its body, but with its length (HEAD).
std::string write_response(const Response& response, bool keep_alive, bool head_only);

}  // namespace millrace::http
