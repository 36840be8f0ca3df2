import { CSPProvider } from '@base-ui/react/csp-provider';
import { Toast } from '@base-ui/react/toast';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { ErrorBoundary } from 'react-error-boundary';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { explain, isReason } from './api/errors.ts';
import { SESSION_KEY, useSession } from './api/session.ts';
import { ImportRunProvider, ImportStatus } from './import/import-run.tsx';
import { FeedPage } from './list/feed-page.tsx';
import { TagPage } from './list/tag-page.tsx';
import { tagOf } from './list/tags.tsx';
import { TagsPage } from './list/tags-page.tsx';
import { NotePage } from './note/note-page.tsx';
import { SearchPage } from './search/search-page.tsx';
import { Header } from './shell/header.tsx';
import { OfflineBanner } from './shell/offline-banner.tsx';
import { Page } from './shell/page.tsx';
import { SignInPage } from './shell/sign-in-page.tsx';
import { Toasts, toasts } from './shell/toasts.tsx';
import { Failed, Loading } from './ui/states.tsx';
import { openTab, TabContext } from './ui/tab.ts';

const ImportPage = lazy(() => import('./import/import-page.tsx').then((module) => ({ default: module.ImportPage })));

const RETRIES = 2;

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => {
      if (queryKey[0] !== SESSION_KEY[0] && isReason(error, 'UNAUTHENTICATED')) queries.setQueryData(SESSION_KEY, null);
    },
  }),
  defaultOptions: {
    queries: {
      retry: (count, error) => count < RETRIES && explain(error).retryable,
      // The server is usually this machine: it can be reached without a network.
      networkMode: 'always',
      staleTime: 10_000,
    },
    mutations: { networkMode: 'always', retry: false },
  },
});

const tab = openTab(localStorage, sessionStorage, new BroadcastChannel('synap:tabs'));

export function App() {
  useEffect(() => {
    // Only for what the browser has no room for: everything else is there again.
    const ask = (event: BeforeUnloadEvent) => {
      if (tab.unkept.size > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, []);
  return (
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <TabContext value={tab}>
          <Toast.Provider toastManager={toasts}>
            <OfflineBanner />
            <Switch>
              <Route path="/sign-in" component={SignInPage} />
              <Route>
                <SignedIn />
              </Route>
            </Switch>
            <Toasts />
          </Toast.Provider>
        </TabContext>
      </QueryClientProvider>
    </CSPProvider>
  );
}

function SignedIn() {
  const session = useSession();
  if (session.isPending) return <Loading />;
  // Who was signed in still is while the server does not answer.
  if (session.isLoadingError) {
    return (
      <Page title="Synap">
        <h1>Synap</h1>
        <Failed error={session.error} retry={() => void session.refetch()} />
      </Page>
    );
  }
  if (session.data === null) return <Redirect to="/sign-in" replace />;
  return (
    <ImportRunProvider>
      <a className="skip" href="#main">
        To the content
      </a>
      <Header />
      <ImportStatus />
      <Pages />
    </ImportRunProvider>
  );
}

function Pages() {
  const [location] = useLocation();
  return (
    <ErrorBoundary
      resetKeys={[location]}
      fallbackRender={({ error, resetErrorBoundary }) => (
        <Page title="Something went wrong">
          <h1>Something went wrong</h1>
          <Failed error={error} retry={resetErrorBoundary} />
        </Page>
      )}
    >
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/" component={FeedPage} />
          <Route path="/search" component={SearchPage} />
          <Route path="/tags" component={TagsPage} />
          <Route path="/tags/*">
            <TagPage key={location} tag={tagOf(window.location.pathname)} />
          </Route>
          <Route path="/notes/:id">{({ id }) => <NotePage key={id} id={id} />}</Route>
          <Route path="/import" component={ImportPage} />
          <Route>
            <Page title="Not found">
              <h1>There is nothing here</h1>
              <p>
                <Link href="/">To the notes</Link>
              </p>
            </Page>
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}
