# One interface target holds every flag; all rooms link it.
add_library(gv_flags INTERFACE)
target_compile_features(gv_flags INTERFACE c_std_11)
target_include_directories(gv_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
# POSIX and Linux calls beside C11. Empty, so that a file may define it as well.
target_compile_definitions(gv_flags INTERFACE _GNU_SOURCE=)
target_compile_options(gv_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  # gcc guesses lengths that are checked elsewhere, and differently at every optimisation level.
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
  # Results must be the same bits on every machine: no fused multiply-add unless written.
  -ffp-contract=off -fno-math-errno)
target_link_libraries(gv_flags INTERFACE OpenMP::OpenMP_C m)

# gv_room(NAME SOURCES...): a room of the house as an object library.
function(gv_room name)
  add_library(${name} OBJECT ${ARGN})
  target_link_libraries(${name} PRIVATE gv_flags)
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON C_EXTENSIONS OFF)
endfunction()
