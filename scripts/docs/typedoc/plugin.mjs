// Makes docs/api.md readable: types of recording stand as they are declared, not as the compiler
// expands them, and what only the compiler sees is left out.
import { Converter, UnknownType } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_SIGNATURE, (_, signature, declaration) => {
    const declared = declaration?.type?.getText();
    if (declared?.includes('Continuation<')) signature.type = new UnknownType(declared);
  });
  // From which of our own bases a member comes, nobody has to know.
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      if (/^Calling/.test(reflection.inheritedFrom?.name ?? '')) delete reflection.inheritedFrom;
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      if (/^\[|^__/.test(reflection.name) && reflection.parent && isMember(reflection)) {
        project.removeReflection(reflection);
      }
    }
  });
}

/** A member of a class or an interface, not the type of one. */
function isMember({ parent, name }) {
  return name !== '__type' && Boolean(parent.children?.some((child) => child.name === name));
}
