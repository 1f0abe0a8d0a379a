# Adds to the module `kafka` the codecs that tools/kafka_messages.py makes of src/kafka/messages.

function(millrace_add_kafka_messages)
  find_program(MILLRACE_PYTHON python3 REQUIRED)
  set(tables ${CMAKE_SOURCE_DIR}/src/kafka/messages)
  set(generator ${CMAKE_SOURCE_DIR}/tools/kafka_messages.py)
  set(generated ${CMAKE_BINARY_DIR}/generated)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${tables}/*.msg)
  execute_process(COMMAND ${MILLRACE_PYTHON} ${generator} ${tables} ${generated} --list
                  OUTPUT_VARIABLE sources COMMAND_ERROR_IS_FATAL ANY)
  set(stamp ${generated}/kafka_messages.stamp)
  add_custom_command(
    OUTPUT ${stamp} BYPRODUCTS ${sources}
    COMMAND ${MILLRACE_PYTHON} ${generator} ${tables} ${generated}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${generator} ${files}
    COMMENT "Kafka messages")
  add_custom_target(kafka_messages DEPENDS ${stamp})
  target_sources(kafka PRIVATE ${sources})
  target_include_directories(kafka PUBLIC ${generated})
  add_dependencies(kafka kafka_messages)
endfunction()
