# The harness is a program of its own inside the program: static whatever the build is (it has to start in Lambda's
# image, under any sanitizer's build of the rest), small, without locale and iostream. It compiles what it needs of
# base and suite again with its own flags.
file(GLOB harness_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/harness/*.cc ${CMAKE_SOURCE_DIR}/src/suite/*.cc)
list(FILTER harness_sources EXCLUDE REGEX "_test\\.cc$")
list(FILTER harness_sources EXCLUDE REGEX "/blob\\.cc$")
add_executable(harness ${harness_sources} ${CMAKE_SOURCE_DIR}/src/base/error.cc)
target_compile_options(harness PRIVATE -Os -ffunction-sections -fdata-sections -fno-sanitize=all -fno-asynchronous-unwind-tables)
target_precompile_headers(harness PRIVATE <boost/json.hpp> <chrono> <map> <optional> <string> <string_view> <variant> <vector>)
target_link_libraries(harness PRIVATE boost_json pugixml)
target_link_options(harness PRIVATE -static -Wl,--gc-sections -s -fno-sanitize=all)

# Its bytes, for the programs that make packages.
set(harness_blob_assembly ${CMAKE_BINARY_DIR}/harness_blob.S)
file(CONFIGURE OUTPUT ${harness_blob_assembly} @ONLY CONTENT [[
  .section .rodata
  .global sortie_harness_begin
  .global sortie_harness_end
  .balign 16
sortie_harness_begin:
  .incbin "@CMAKE_BINARY_DIR@/bin/harness"
sortie_harness_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
]])
add_library(harness_blob STATIC ${harness_blob_assembly} ${CMAKE_SOURCE_DIR}/src/harness/blob.cc)
set_source_files_properties(${harness_blob_assembly} PROPERTIES OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/bin/harness)
add_dependencies(harness_blob harness)
