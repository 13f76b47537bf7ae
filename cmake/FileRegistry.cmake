# Writes the table behind datasets() or methods() from the files of a folder: one file, one entry, its name
# that of the file with '_' as '-'. No static constructors, so nothing a static library could drop.
function(s4l_file_registry output namespace header entry_type function prefix)
  set(declarations "")
  set(rows "")
  foreach(file IN LISTS ARGN)
    get_filename_component(id ${file} NAME_WE)
    string(REPLACE "_" "-" name ${id})
    string(APPEND declarations "${entry_type} ${prefix}${id}();\n")
    string(APPEND rows "        [] { auto entry = ${prefix}${id}(); entry.name = \"${name}\"; return entry; }(),\n")
  endforeach()
  file(CONFIGURE OUTPUT ${output} CONTENT
"// Written by CMake from the names of the files it lists.
#include \"${header}\"

namespace ${namespace} {
${declarations}
const std::vector<${entry_type}>& ${function}() {
  static const std::vector<${entry_type}> entries = {
${rows}  };
  return entries;
}
}  // namespace ${namespace}
" @ONLY)
endfunction()
