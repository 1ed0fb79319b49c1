import fc from 'fast-check';
import { UnusableReply } from './reply';
import { parseProjects } from './shub';

describe(parseProjects.name, () => {
  const names = (...projects: unknown[]) => parseProjects({ status: 'success', projects }).projects;

  it.each<[unknown, object | undefined]>([
    ['Song', { name: 'Song', id: null, status: null }],
    [
      { name: 'Song', id: 7, status: 'mixing', path: '/etc' },
      { name: 'Song', id: '7', status: 'mixing' },
    ],
    [{ project_name: 'Song' }, { name: 'Song', id: null, status: null }],
    [{ project_id: 'p1' }, { name: 'p1', id: 'p1', status: null }],
    [
      { name: '', title: 'Song' },
      { name: 'Song', id: null, status: null },
    ],
    [{ path: '/etc' }, undefined],
    [[], undefined],
    [null, undefined],
  ])('reads %j', (project, expected) => {
    expect(names(project)).toEqual(expected ? [expected] : []);
  });

  it('knows a list that is empty from one that is not kept', () => {
    expect(parseProjects({ status: 'success', projects: [] })).toEqual({ projects: [], total: 0 });
    expect(parseProjects({ status: 'stub', projects: [] })).toEqual({ projects: null, total: null });
  });

  it('reads any list there is, or says that it cannot', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (status, projects) => {
        try {
          parseProjects({ status, projects });
        } catch (error) {
          expect(error).toBeInstanceOf(UnusableReply);
        }
      }),
    );
  });
});
